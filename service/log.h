// The service's own log: one JSON object a line, on stderr. It names routes by their template and never holds an id of
// a person, an address, a file name or free text. What happened in the vault stands in the ledger, not here.
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
  // A failure of ours, with an opaque id that the answer carries too. Returns the id.
  std::string failure(std::string_view where, const vault::Error& error);

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

}  // namespace service
