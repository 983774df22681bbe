#include "cli/client/review.h"

#include <boost/json.hpp>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

using access::RecordClass;

class ReviewDocuments : public ReviewSafe {
 protected:
  // The copy with which something was read last.
  wire::CopyView last_copy() {
    auto copy = spoc_.session->get<wire::CopyView>("/v1/copies/" + copy_);
    EXPECT_TRUE(copy) << copy.error().message;
    return std::move(*copy);
  }
  void note_copy(const HttpRequest& request) {
    constexpr std::string_view kCopies = "/v1/copies/";
    const std::size_t at = request.target.find(kCopies);
    if (at == std::string::npos) return;
    const std::string rest = request.target.substr(at + kCopies.size());
    copy_ = rest.substr(0, rest.find_first_of("/?"));
  }

  std::string copy_;
};

TEST_F(ReviewDocuments, ATextIsSealedAndReadAgainAndTheReadingIsACopyThatHasEnded) {
  vault_.alter = [this](const HttpRequest& request, HttpAnswer&) { note_copy(request); };
  const std::string text(70'000, 'x');  // more than one chunk
  const auto record = seal(spoc_, text);
  const auto read =
      read_records(*spoc_.session, spoc_.directory(), review_safe_, std::span(&record, 1), access::Purpose::scoping);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().name, "document-1.json");
  EXPECT_EQ(vault::as_text(read->front().content.view()), text);
  EXPECT_EQ(last_copy().state, access::CopyState::destroyed);
  EXPECT_EQ(last_copy().holder, spoc_.id());
}

TEST_F(ReviewDocuments, AreListedByClassTheNewestFirst) {
  const auto first = seal(spoc_, "{}");
  const auto second = seal(spoc_, "{} ");
  const auto listed =
      documents_of_class(*spoc_.session, spoc_.directory(), review_safe(spoc_), RecordClass::document_1);
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->front().record, second);
  EXPECT_EQ(listed->back().record, first);
}

TEST_F(ReviewDocuments, OverTheLimitAreNotSealed) {
  const NewDocument most{RecordClass::form, "most", std::string(review::kMaxFormBytes, 'x')};
  EXPECT_TRUE(seal_documents(*spoc_.session, review_safe(spoc_), std::span(&most, 1)));
  const NewDocument more{RecordClass::form, "more", most.text + "x"};
  EXPECT_EQ(seal_documents(*spoc_.session, review_safe(spoc_), std::span(&more, 1)).code(), Errc::too_large);
}

TEST_F(ReviewDocuments, AlteredOnTheWayAreNotRead) {
  const auto record = seal(spoc_, "the content");
  vault_.alter = [this](const HttpRequest& request, HttpAnswer& answer) {
    note_copy(request);
    if (request.target.find("/payload") != std::string::npos && !answer.body.empty())
      answer.body.back() ^= std::byte{1};
  };
  const auto read =
      read_records(*spoc_.session, spoc_.directory(), review_safe_, std::span(&record, 1), access::Purpose::scoping);
  EXPECT_EQ(read.code(), Errc::tampered);
  vault_.alter = nullptr;
  EXPECT_EQ(last_copy().state, access::CopyState::destroyed);  // and nobody holds it
}

TEST_F(ReviewDocuments, ARecordThatIsNoFormIsSaidToBeNone) {
  const auto record = seal(spoc_, "a letter as it came");
  const auto read =
      read_records(*spoc_.session, spoc_.directory(), review_safe_, std::span(&record, 1), access::Purpose::scoping);
  ASSERT_TRUE(read);
  EXPECT_EQ(form_in(read->front(), 1, *vault::parse_date("2026-11-24")).code(), Errc::malformed);
}

TEST_F(ReviewDocuments, DocumentFourIsPrintedWithWhatThePartnersSaid) {
  ReviewCase shown;
  shown.review.decision.emplace();
  shown.review.decision->answers = {
      {partner(1), access::PartnerAnswer::agree, icb_root_.id(), false, vault_.now(), {}},
      {partner(2), access::PartnerAnswer::dissent, spoc_.id(), true, vault_.now(), "too thin"}};
  shown.review.decision->endorsed = {spoc_.id(), vault_.now(), {}};
  const review::FilledForm form{*review::find_form(4), {{"reference", "RR-2026-0001"}}, {}};
  const Names names{[](const auto& id) { return id.to_string(); }, [](const auto&) { return std::string("A chair"); }};
  const auto values = with_answers(form, shown, spoc_.directory(), names);
  EXPECT_EQ(boost::json::serialize(values.at("answers")),
            R"([{"partner":"icb","answer":"agree","recorded":"signed"},)"
            R"({"partner":"police","answer":"dissent","reasons":"too thin","recorded":"said"}])");
  EXPECT_EQ(values.at("endorsed_by").at("name").as_string(), "A chair");
  EXPECT_EQ(values.at("endorsed_on").as_string(), "2026-11-23");
}

}  // namespace
}  // namespace cli::client::testing
