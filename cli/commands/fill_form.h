// Asks a person for the fields of a form, one after another.
#pragma once
#include <functional>
#include <iosfwd>

#include "review/forms.h"

namespace cli {

namespace review = strongroom::review;

// Called after each answer with all the answers so far, so that none is lost if the conversation is interrupted.
using KeepAnswers = std::function<vault::Result<void>(const boost::json::object& values)>;

// Asks for each field that `values` does not answer yet, in the form's order, and for fields that an answer makes
// necessary. An answer that is not valid is asked for again, with the reason. An empty line leaves a field open. Ends
// after the last field, or when the input ends (Ctrl-D). The only errors are those of `keep`.
vault::Result<boost::json::object> fill_in(const review::Form& form, boost::json::object values,
                                           const review::Date& today, std::istream& in, std::ostream& out,
                                           const KeepAnswers& keep);

}  // namespace cli
