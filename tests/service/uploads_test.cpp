#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "tests/service/served_world.h"

namespace service::test {
namespace {

namespace access = strongroom::access;

constexpr std::string_view kChunkType = "application/offset+octet-stream";

class Uploads : public testing::Test {
 protected:
  World& world() { return served_.world(); }
  const Identity& who() { return served_.world().first; }

  Answer create(const Identity& as, net::Fields more, std::string body = {}) {
    net::Fields fields{{"Tus-Resumable", "1.0.0"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return served_.ask(served_.sign(
        as, {.method = "POST", .target = "/v1/uploads", .fields = std::move(fields), .body = std::move(body)}));
  }
  // Where it is.
  std::string create(std::uint64_t length) {
    const Answer answer = create(who(), {{"Upload-Length", std::to_string(length)}});
    EXPECT_EQ(answer.status, 201U) << answer.body;
    EXPECT_EQ(field_of(answer, "Upload-Offset"), "0");
    return field_of(answer, "Location");
  }
  Sent chunk(const Identity& as, const std::string& target, std::uint64_t offset, std::string bytes) {
    return served_.sign(as, {.method = "PATCH",
                             .target = target,
                             .fields = {{"Tus-Resumable", "1.0.0"},
                                        {"Upload-Offset", std::to_string(offset)},
                                        {"Content-Type", std::string(kChunkType)}},
                             .body = std::move(bytes)});
  }
  Answer patch(const std::string& target, std::uint64_t offset, std::string bytes) {
    return served_.ask(chunk(who(), target, offset, std::move(bytes)));
  }
  Answer other(const Identity& as, std::string method, const std::string& target) {
    return served_.ask(
        served_.sign(as, {.method = std::move(method), .target = target, .fields = {{"Tus-Resumable", "1.0.0"}}}));
  }
  std::string offset_of(const std::string& target) { return field_of(other(who(), "HEAD", target), "Upload-Offset"); }
  // Until that much has been received, or ten seconds have gone.
  void wait_for_offset(const std::string& target, std::uint64_t offset) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto status = world().store().payload().status(id_of(target));
      if (status && status->offset >= offset) return;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "the bytes did not arrive";
  }
  static vault::payload::UploadId id_of(const std::string& target) {
    return *vault::payload::UploadId::parse(target.substr(target.rfind('/') + 1));
  }

  ServedWorld served_{On::lmdb};
};

TEST_F(Uploads, ArriveInChunksOfAnySize) {
  std::string bytes(700'000, '\0');
  vault::fill_random(std::as_writable_bytes(std::span(bytes)));
  const std::string target = create(bytes.size());
  EXPECT_EQ(field_of(patch(target, 0, bytes.substr(0, 1)), "Upload-Offset"), "1");
  EXPECT_EQ(patch(target, 1, bytes.substr(1, 600'000)).status, 204U);
  EXPECT_EQ(offset_of(target), "600001");
  EXPECT_EQ(patch(target, 600'001, bytes.substr(600'001)).status, 204U);

  auto& payload = world().store().payload();
  ASSERT_TRUE(payload.sync(id_of(target)));
  const auto txn = world().store().engine().read();
  const auto finished = payload.finished(**txn, id_of(target));
  ASSERT_TRUE(finished) << finished.error().message;
  vault::payload::PayloadDigest digest;
  digest.update(vault::as_bytes(bytes));
  EXPECT_EQ(finished->digest, digest.finish());
}

TEST_F(Uploads, MayBeginWithTheirFirstBytes) {
  const Answer answer = create(who(), {{"Upload-Length", "10"}, {"Content-Type", std::string(kChunkType)}}, "first");
  ASSERT_EQ(answer.status, 201U) << answer.body;
  EXPECT_EQ(field_of(answer, "Upload-Offset"), "5");
  EXPECT_EQ(offset_of(field_of(answer, "Location")), "5");
}

class Batches : public Uploads {
 protected:
  static std::string framed(const std::vector<std::string>& payloads) {
    std::string body;
    for (const std::string& payload : payloads)
      body += vault::to_text(vault::big_endian32(static_cast<std::uint32_t>(payload.size()))) + payload;
    return body;
  }
  Answer send(const Identity& as, std::string body, const std::string& type = "application/octet-stream",
              const std::string& offset = "0") {
    return served_.ask(served_.sign(as, {.method = "POST",
                                         .target = "/v1/upload-batches",
                                         .fields = {{"Content-Type", type}, {"Upload-Offset", offset}},
                                         .body = std::move(body)}));
  }
};

TEST_F(Batches, BecomeAnUploadForEachPayloadCompleteAndDurable) {
  const Answer answer = send(who(), framed({"first", "second one", std::string(3U << 20, 'x')}));
  ASSERT_EQ(answer.status, 201U) << answer.body;
  const auto json = json_of(answer);
  const auto& uploads = json.at("data").at("uploads").as_array();
  ASSERT_EQ(uploads.size(), 3U);
  served_.restart();
  EXPECT_EQ(offset_of("/v1/uploads/" + std::string(uploads[0].as_string())), "5");
  EXPECT_EQ(offset_of("/v1/uploads/" + std::string(uploads[1].as_string())), "10");
  EXPECT_EQ(offset_of("/v1/uploads/" + std::string(uploads[2].as_string())), std::to_string(3U << 20));
}

TEST_F(Batches, ThatAreCutShortOrEmptyAreRefused) {
  const std::string good = framed({"first", "second"});
  EXPECT_EQ(send(who(), good).status, 201U);
  for (const std::string& body : {good + "x", good.substr(0, good.size() - 1), good + std::string(4, '\0'),
                                  good + std::string("\xff\xff\xff\xff", 4), std::string("\0\0", 2)})
    EXPECT_EQ(send(who(), body).status, 400U) << body.size();
  EXPECT_EQ(send(who(), "").status, 400U);
  EXPECT_EQ(send(who(), good, "application/json").status, 400U);
  EXPECT_EQ(send(who(), good, "application/octet-stream", "1").status, 400U);
}

TEST_F(Batches, HaveAtMost256PayloadsOf8MiB) {
  EXPECT_EQ(send(who(), framed(std::vector<std::string>(256, "x"))).status, 201U);
  EXPECT_EQ(send(who(), framed(std::vector<std::string>(257, "x"))).status, 413U);
  EXPECT_EQ(send(who(), framed({std::string(8U << 20, 'x')})).status, 201U);
  EXPECT_EQ(send(who(), framed({std::string((8U << 20) - 1, 'x'), "xx"})).status, 413U);
  EXPECT_EQ(send(who(), framed({std::string((8U << 20) + 2048, 'x')})).status, 413U);
}

TEST_F(Batches, AreForThoseWhoMaySecureAndSignHowMuchTheySend) {
  const Answer refused = send(world().administrator, framed({"first"}));
  EXPECT_EQ(refused.status, 403U) << refused.body;
  Sent altered = served_.sign(who(), {.method = "POST",
                                      .target = "/v1/upload-batches",
                                      .fields = {{"Content-Type", "application/octet-stream"}, {"Upload-Offset", "0"}},
                                      .body = framed({"first"})});
  altered.body = framed({"longer"});
  EXPECT_EQ(served_.ask(altered).status, 401U);
  altered.body = framed({"first"});
  altered.content_digest = wire::content_digest(vault::as_bytes(altered.body));
  EXPECT_EQ(served_.ask(altered).status, 401U) << "a chunk has no digest";
}

TEST_F(Uploads, BeginWithoutAnOffsetWhichNothingWouldSign) {
  EXPECT_EQ(create(who(), {{"Upload-Length", "10"}, {"Upload-Offset", "0"}, {"Content-Type", std::string(kChunkType)}},
                   "first")
                .status,
            401U);
}

TEST_F(Uploads, SayHowLongTheyAre) {
  const Answer answer = other(who(), "HEAD", create(12));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(field_of(answer, "Upload-Length"), "12");
  EXPECT_EQ(field_of(answer, "Tus-Resumable"), "1.0.0");
  EXPECT_EQ(field_of(answer, "Cache-Control"), "no-store");
}

TEST_F(Uploads, GoOnAfterARestartWhereTheyWereDurable) {
  const std::string target = create(3U << 20);
  ASSERT_EQ(patch(target, 0, std::string(1U << 20, 'a')).status, 204U);
  ASSERT_TRUE(world().store().payload().sync(id_of(target)));
  ASSERT_EQ(patch(target, 1U << 20, std::string(1000, 'b')).status, 204U);  // received, and promised no more than that
  served_.restart();
  const std::uint64_t offset = std::stoull(offset_of(target));
  EXPECT_EQ(offset, 1U << 20);
  EXPECT_EQ(patch(target, offset, std::string((3U << 20) - offset, 'b')).status, 204U);
  EXPECT_EQ(offset_of(target), std::to_string(3U << 20));
}

TEST_F(Uploads, GoOnOnlyAtTheirOffset) {
  const std::string target = create(10);
  ASSERT_EQ(patch(target, 0, "12345").status, 204U);
  EXPECT_EQ(patch(target, 0, "12345").status, 409U);
  EXPECT_EQ(patch(target, 6, "7890").status, 409U);
  EXPECT_EQ(patch(target, 5, "67890").status, 204U);
}

TEST_F(Uploads, TakeNoMoreThanTheirLength) {
  const std::string target = create(10);
  EXPECT_EQ(patch(target, 0, "12345678901").status, 413U);
  EXPECT_EQ(offset_of(target), "0");
  EXPECT_EQ(create(who(), {{"Upload-Length", "2"}, {"Content-Type", std::string(kChunkType)}}, "123").status, 413U);
}

TEST_F(Uploads, AreTheirMakersAlone) {
  const std::string target = create(10);
  for (const std::string method : {"HEAD", "DELETE"})
    EXPECT_EQ(other(world().second, method, target).status, 404U) << method;
  EXPECT_EQ(served_.ask(chunk(world().second, target, 0, "12345")).status, 404U);
  EXPECT_EQ(offset_of(target), "0");
}

TEST_F(Uploads, AreForThoseWhoMaySecureRecords) {
  const std::uint64_t before = served_.ledger_size();
  EXPECT_EQ(create(world().administrator, {{"Upload-Length", "10"}}).status, 403U);
  EXPECT_EQ(served_.ledger_size(), before + 1);
}

TEST_F(Uploads, AreGoneOnceGivenUp) {
  const std::string target = create(10);
  EXPECT_EQ(other(who(), "DELETE", target).status, 204U);
  EXPECT_EQ(other(who(), "HEAD", target).status, 404U);
  EXPECT_EQ(other(who(), "DELETE", target).status, 404U);
}

TEST_F(Uploads, WithNamesOfFilesOrWithoutALengthAreRefused) {
  EXPECT_EQ(create(who(), {{"Upload-Length", "10"}, {"Upload-Metadata", "filename Y2hpbGQ="}}).status, 400U);
  EXPECT_EQ(create(who(), {{"Upload-Defer-Length", "1"}}).status, 400U);
  EXPECT_EQ(create(who(), {}).status, 400U);
  EXPECT_EQ(create(who(), {{"Upload-Length", "0"}}).status, 400U);
  EXPECT_EQ(create(who(), {{"Upload-Length", "ten"}}).status, 400U);
  EXPECT_EQ(create(who(), {{"Upload-Length", "10"}}, "123").status, 400U);  // bytes of no stated type
}

TEST_F(Uploads, SpeakOneVersionOfTus) {
  const Answer answer = served_.ask(served_.sign(
      who(),
      {.method = "POST", .target = "/v1/uploads", .fields = {{"Tus-Resumable", "0.2.2"}, {"Upload-Length", "9"}}}));
  EXPECT_EQ(answer.status, 412U);
  EXPECT_EQ(field_of(answer, "Tus-Version"), "1.0.0");
  EXPECT_EQ(field_of(served_.ask({.method = "OPTIONS", .target = "/v1/uploads"}), "Tus-Extension"),
            "creation,creation-with-upload,termination");
}

TEST_F(Uploads, AlteredInWhatAChunkSignsAreRefused) {
  const std::string target = create(10);
  ASSERT_EQ(patch(target, 0, "12345").status, 204U);
  const Sent good = chunk(who(), target, 5, "678");
  Sent longer = good;
  longer.body += "9";
  Sent elsewhere = good;
  elsewhere.fields[1].second = "6";
  Sent of_another = good;
  of_another.target = create(10);
  for (const Sent& sent : {longer, elsewhere, of_another}) EXPECT_EQ(served_.ask(sent).status, 401U);

  Sent creation = served_.sign(
      who(),
      {.method = "POST", .target = "/v1/uploads", .fields = {{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "10"}}});
  creation.fields[1].second = "11";
  EXPECT_EQ(served_.ask(creation).status, 401U);
  EXPECT_EQ(offset_of(target), "5");
  EXPECT_EQ(served_.ask(good).status, 204U);
}

TEST_F(Uploads, BrokenOffInAChunkGoOnAfterWhatArrived) {
  const std::string target = create(4 * kUploadPieceBytes);
  {
    const std::string text = chunk(who(), target, 0, std::string(4 * kUploadPieceBytes, 'x')).text();
    net::test::Client client(served_.port());
    client.send(text.substr(0, text.size() - (kUploadPieceBytes + 1000)));  // two pieces and a part of the third
    wait_for_offset(target, 2 * kUploadPieceBytes);
  }
  const std::uint64_t offset = std::stoull(offset_of(target));
  EXPECT_EQ(offset, 2 * kUploadPieceBytes);
  EXPECT_EQ(patch(target, offset, std::string((4 * kUploadPieceBytes) - offset, 'x')).status, 204U);
}

TEST_F(Uploads, InFlightAreFinishedBeforeTheServiceStops) {
  const std::string target = create(4 * kUploadPieceBytes);
  const std::string text = chunk(who(), target, 0, std::string(4 * kUploadPieceBytes, 'x')).text();
  net::test::Client client(served_.port());
  client.send(text.substr(0, text.size() - (kUploadPieceBytes + 1000)));
  wait_for_offset(target, 2 * kUploadPieceBytes);
  auto stopped = std::async(std::launch::async, [&] { served_.server().stop(); });
  client.send(text.substr(text.size() - (kUploadPieceBytes + 1000)));
  EXPECT_EQ(client.receive().status, 204U);
  stopped.get();
  EXPECT_FALSE(net::test::Client(served_.port()).connected());
  EXPECT_EQ(world().store().payload().status(id_of(target))->offset, 4 * kUploadPieceBytes);
}

}  // namespace
}  // namespace service::test
