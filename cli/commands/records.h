// Choosing records of a safe, for `strongroom records` and `strongroom checkout`.
#pragma once
#include "cli/client/records.h"
#include "cli/commands/command.h"

namespace cli {

struct RecordFilter {
  std::optional<std::string> class_, source, subject, from, to, name;

  void add_flags(CLI::App& command);
  bool is_empty() const { return text().empty(); }
  // The filter as it was typed, for messages: "--class plan --subject child-1".
  std::string text() const;
};

// Lists the records of a safe that pass the filter, verified. Names are there if this person holds a key.
// Errc::invalid_argument if a day or a subject is malformed, or if names or sources are asked for without a key.
Result<std::vector<client::ListedRecord>> list_matching(Context& context, const access::SafeId& id,
                                                        const RecordFilter& filter);

json::value record_json(const client::ListedRecord& record);

}  // namespace cli
