#include "cli/client/proof/review_shown.h"

#include <boost/json.hpp>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

using access::RecordClass;

// A review that was decided. A partner and the SPOC read it from a service that shows something else.
class ReviewShown : public ReviewSafe {
 protected:
  void SetUp() override {
    ReviewSafe::SetUp();
    form_ = seal(spoc_, "{}");
    templates();
    done(spoc_, wire::ScheduleMeeting{case_,
                                      1,
                                      *vault::parse_date("2026-12-03"),
                                      access::MeetingKind::standing,
                                      access::MeetingMode::in_person,
                                      {}});
    to("2026-12-03");
    const Digest name = *spoc_.session->stage_text("An invented consultant", access::kMaxNameBytes);
    done(spoc_, wire::RecordAttendance{
                    case_,
                    1,
                    {{authority_root_.id(), partner(0)}, {icb_root_.id(), partner(1)}, {police_root_.id(), partner(2)}},
                    {{access::AttendeeBody::health, name}}});
    document_4_ = seal(spoc_, "{\"a\": 4}", RecordClass::document_4);
    other_ = seal(spoc_, "{\"another\": 4}", RecordClass::document_4);
    done(spoc_, wire::DecideReview{case_, 1, document_4_, access::ReviewDecision::neither, 1, {}});
    words_ = *police_root_.session->stage_text("The evidence is too thin.");
    done(police_root_, wire::AnswerDecision{case_, 1, document_4_, partner(2), access::PartnerAnswer::dissent, words_});
    directory_ = std::make_unique<Directory>(std::move(*Directory::load(*icb_root_.session)));
  }
  template <class Command>
  void done(Client& client, const Command& command) {
    const auto answer = client.session->act(command);
    ASSERT_TRUE(answer) << answer.error().message;
  }
  void to(std::string_view day) {
    vault_.pass(vault::parse_rfc3339(std::string(day) + "T09:30:00.000Z")->unix_ms - vault_.now().unix_ms);
  }
  void templates() {
    const auto document_2 = seal(spoc_, "{}", RecordClass::document_2);
    const auto document_3 = seal(spoc_, "{}", RecordClass::document_3);
    done(spoc_, wire::SendTemplates{case_, {{school_, document_2, document_3, {}}}, {}});
  }
  Result<ReviewCase> read() { return read_review(*icb_root_.session, *directory_, case_); }
  // Alters the answers of the service about a part of the case.
  void lie(std::string_view part, const std::function<void(wire::json::object&)>& alter) {
    vault_.alter = [part = std::string(part), alter](const HttpRequest& request, HttpAnswer& answer) {
      const std::string path = request.target.substr(0, request.target.find('?'));
      if (!path.starts_with("/v1/cases/") || !path.ends_with(part) || path.contains("/chains/")) return;
      auto body = *wire::parse_json(vault::as_text(answer.body));
      alter(body.as_object().at("data").as_object());
      answer.body = vault::to_bytes(wire::json::serialize(body));
    };
  }
  void expect_found_out(std::string_view what) {
    EXPECT_TAMPERED(read(), what);
    vault_.alter = nullptr;
    ASSERT_DONE(read());
  }

  access::RecordId form_, document_4_, other_;
  Digest words_{};
  std::unique_ptr<Directory> directory_;
};

TEST_F(ReviewShown, AsItIsAgreesWithItsEntries) {
  const auto shown = read();
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->review.stage, access::Stage::decided);
  EXPECT_EQ(shown->review.decision->record, document_4_);
  EXPECT_EQ(shown->review.decision->answers.front().reason, "The evidence is too thin.");
}

TEST_F(ReviewShown, WithAnotherDocument4IsFoundOut) {
  lie("/review", [&](auto& view) { view.at("decision").as_object()["record"] = other_.to_string(); });
  expect_found_out("Document 4 differently");
}

// A part of a review is not proved. So the service must not show only a part to a partner, who may read the whole.
TEST_F(ReviewShown, AsAPartToSomebodyWhoReadsTheWholeIsFoundOut) {
  lie("/review", [&](auto& view) { view["whole"] = false; });
  expect_found_out("a part of a review");
}

TEST_F(ReviewShown, WithAnotherDecisionIsFoundOut) {
  lie("/review", [&](auto& view) { view.at("decision").as_object()["decision"] = "practice-review"; });
  expect_found_out("Document 4 differently");
}

TEST_F(ReviewShown, AtAnotherStageIsFoundOut) {
  lie("/review", [&](auto& view) { view["stage"] = "outcome-sent"; });
  expect_found_out("the stage");
}

TEST_F(ReviewShown, WithADissentMadeAnAgreementIsFoundOut) {
  lie("/review",
      [&](auto& view) { view.at("decision").at("answers").as_array().front().as_object()["answer"] = "agree"; });
  expect_found_out("what the partners said");
}

TEST_F(ReviewShown, WithAnAnswerThatNobodyGaveIsFoundOut) {
  lie("/review", [&](auto& view) {
    auto& answers = view.at("decision").at("answers").as_array();
    auto made_up = answers.front();
    made_up.as_object()["partner"] = partner(1).to_string();
    answers.push_back(made_up);
  });
  expect_found_out("what the partners said");
}

TEST_F(ReviewShown, WithOtherWordsIsFoundOut) {
  lie("/review", [&](auto& view) {
    view.at("decision").at("answers").as_array().front().as_object()["reason"] = "The evidence is thick.";
  });
  expect_found_out("what the partners said");
  lie("/review",
      [&](auto& view) { view.at("attendance").at("others").as_array().front().as_object()["name"] = "Somebody else"; });
  expect_found_out("who attended");
}

TEST_F(ReviewShown, WithAnotherRecordInThePackIsFoundOut) {
  lie("/review",
      [&](auto& view) { view.at("pack").as_object()["document_1"] = wire::json::array{other_.to_string()}; });
  expect_found_out("the meeting's pack");
  lie("/review", [&](auto& view) { view.at("pack").as_object()["unreturned"] = wire::json::array(); });
  expect_found_out("the meeting's pack");
}

TEST_F(ReviewShown, WithAnotherDateIsFoundOut) {
  lie("/review", [&](auto& view) { view.at("clocks").as_array().back().as_object()["due"] = "2027-01-29"; });
  expect_found_out("a clock");
  lie("/review", [&](auto& view) { view["today"] = "2026-12-01"; });
  expect_found_out("today's date");
  lie("/review", [&](auto& view) { view.at("meeting").as_object()["date"] = "2026-12-04"; });
  expect_found_out("the meeting");
}

TEST_F(ReviewShown, ByAnotherCalendarIsFoundOut) {
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.starts_with("/v1/calendar")) return;
    auto body = *wire::parse_json(vault::as_text(answer.body));
    body.as_object().at("data").as_object()["added"] = wire::json::array{"2026-12-02"};
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  expect_found_out("last import of bank holidays");
}

TEST_F(ReviewShown, WithAnotherReferralIsFoundOut) {
  lie(case_.to_string(), [&](auto& view) { view["aware_date"] = "2026-11-22"; });
  expect_found_out("the referral");
}

// The SPOC signed this when there was a decision already. That is a conflict, which leaves no entry.
TEST_F(ReviewShown, WithAnActThatItsStageDoesNotHaveIsFoundOut) {
  const wire::DropReview command{case_, words_};
  auto body = body_of(wire::ReviewDropped{case_, words_}, spoc_.id().to_string(),
                      signed_request(command, spoc_.id().to_string(), spoc_.session->keys().signing, vault_.now()));
  body.ids.case_ = case_;
  body.ids.safe = review_safe_;
  vault_.forge(body);
  EXPECT_TAMPERED(read(), "does not fit its stage");
}

// The operator enters a decision that was signed by somebody who may not decide.
TEST_F(ReviewShown, WithADecisionThatNoSpocSignedIsFoundOut) {
  const wire::DecideReview command{case_, 2, other_, access::ReviewDecision::practice_review, 1, {}};
  const wire::ReviewDecided event{case_, 2, 1, other_, access::ReviewDecision::practice_review, 1, false, {}};
  auto body = body_of(event, lead_.id().to_string(),
                      signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now()));
  body.ids.case_ = case_;
  body.ids.safe = review_safe_;
  vault_.forge(body);
  EXPECT_TAMPERED(read(), "not permitted");
}

// An older state of the same review verifies. But what is signed then names the older document, and is refused.
TEST_F(ReviewShown, AsItWasBeforeCannotBeSignedInPlaceOfWhatItIs) {
  const auto before = read();
  ASSERT_TRUE(before);
  done(spoc_, wire::DecideReview{case_, 2, other_, access::ReviewDecision::practice_review, 1, {}});
  const auto document = document_to_sign(*icb_root_.session, *before);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->record, document_4_);
  const auto answer = icb_root_.session->act(
      wire::AnswerDecision{case_, 2, document->record, partner(1), access::PartnerAnswer::agree, {}});
  EXPECT_EQ(answer.code(), Errc::conflict);
}

TEST_F(ReviewShown, WhoOpenedADocument4SignsForThatOneAlone) {
  const auto shown = read();
  ASSERT_TRUE(shown);
  EXPECT_FALSE(document_to_sign(*icb_root_.session, *shown)->opened);
  ASSERT_DONE(note_opened(*icb_root_.session, case_, document_4_));
  EXPECT_TRUE(document_to_sign(*icb_root_.session, *shown)->opened);
  ASSERT_DONE(note_opened(*icb_root_.session, case_, other_));
  EXPECT_EQ(document_to_sign(*icb_root_.session, *shown).code(), Errc::conflict);
}

}  // namespace
}  // namespace cli::client::testing
