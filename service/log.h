// The service's own log, on stderr, with one JSON object on each line. It names routes by their template, and never
// contains an address, a file name, free text or the id of a person. The ledger, not this log, records what was done in
// the vault.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "net/server.h"
#include "vault/base/result.h"

namespace service {

// Thread safe.
class Log {
 public:
  enum class To { standard_error, nowhere };
  explicit Log(To to);
  ~Log();

  void event(std::string_view name);
  void request(std::string_view route, const net::Completed& completed);  // "GET /v1/cases/{case}"
  // Writes a failure of ours with a random id, and returns the id so that the answer can contain it too.
  std::string failure(std::string_view where, const vault::Error& error);

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

}  // namespace service
