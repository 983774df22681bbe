// Filling in a form in a conversation, field by field.
#pragma once
#include <functional>
#include <iosfwd>

#include "review/forms.h"

namespace cli {

namespace review = strongroom::review;

// Called after each answer with everything answered so far, so that nothing is lost when the conversation is cut short.
using KeepAnswers = std::function<vault::Result<void>(const boost::json::object& values)>;

// Asks for whatever `values` does not answer yet, in the form's order, and what an answer makes needed; an answer that
// cannot stand is asked for again, with the reason. An empty line leaves a field open. Ends with the last field, or
// with the input (Ctrl-D). Errors are those of `keep` alone.
vault::Result<boost::json::object> fill_in(const review::Form& form, boost::json::object values,
                                           const review::Date& today, std::istream& in, std::ostream& out,
                                           const KeepAnswers& keep);

}  // namespace cli
