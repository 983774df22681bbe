#include "cli/client/records.h"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <unordered_map>

#include "cli/client/files/large_upload.h"
#include "cli/client/files/stage.h"
#include "vault/age/file.h"
#include "vault/age/stream.h"
#include "vault/crypto/hash.h"
#include "vault/payload/digest.h"
#include "vault/payload/store.h"

namespace cli::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLengthBytes = 4;              // before each payload of a batch
constexpr std::uint64_t kBatchPayload = 256U << 20;  // sealed at the latest when so much waits for it

// --- one file -------------------------------------------------------------------------------------------------------

// A file that waits for its sealing command.
struct Prepared {
  std::size_t index = 0;  // in the files to secure
  wire::NewRecord record;
  Bytes header;
  Bytes descriptor;
  SecuredFile journal;
  std::unique_ptr<LargeUpload> large;  // of a large file
};

// Small files that are sent together: their payloads as they go, and what is to be sealed then.
struct UploadBatch {
  Bytes body;
  std::vector<Prepared> files;
  bool is_full() const { return body.size() >= kUploadBatch || files.size() == vault::payload::kMaxBatchUploads; }
};

// What has stood in the journal since earlier runs, by path (which is taken out of it).
using Journal = std::unordered_multimap<std::string, SecuredFile>;

class Securing {
 public:
  Securing(Session& session, const VerifiedSafe& safe, std::span<const FileToSecure> files,
           const SecureOptions& options, SecureProgress& progress, Journal journal)
      : session_(&session),
        safe_(&safe),
        files_(files),
        options_(&options),
        progress_(&progress),
        journal_(std::move(journal)),
        results_(files.size()) {}

  Result<std::vector<SecuredResult>> run() {
    const auto workers = std::min<std::size_t>(kFilesInFlight, files_.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (!fatal_) {
      if (auto sealed = seal(std::move(batch_)); !sealed) fatal_ = sealed.error();
    }
    if (fatal_) return *fatal_;
    return std::move(results_);
  }

 private:
  void work() {
    UploadBatch batch;
    batch.body.reserve(kLengthBytes + vault::age::ciphertext_size(kSmallFile));  // growing it would take twice as much
    while (const auto index = next_file()) {
      SecuredResult& result = results_[*index];
      result.path = files_[*index].path;
      auto prepared = prepare(*index, result, batch);
      ++progress_->files;
      if (!prepared && prepared.error().of_this_file) {
        result.failure = prepared.error().error;
      } else if (!prepared) {
        fail(prepared.error().error);
      } else if (*prepared) {
        seal_in_time(std::move(**prepared));
      }
      if (batch.is_full()) send(batch);
    }
    send(batch);
    // Files that were not begun because of a stop are left as they are, without record or failure.
    const std::scoped_lock lock(mutex_);
    for (; next_ < files_.size(); ++next_) {
      results_[next_].path = files_[next_].path;
      if (progress_->stop) results_[next_].failure = Error{Errc::cancelled, "stopped before this file was begun"};
    }
  }

  std::optional<std::size_t> next_file() {
    const std::scoped_lock lock(mutex_);
    if (fatal_ || next_ == files_.size() || progress_->stop) return std::nullopt;
    return next_++;
  }
  void fail(Error error) {
    const std::scoped_lock lock(mutex_);
    if (!fatal_) fatal_ = std::move(error);
  }
  bool has_failed() {
    const std::scoped_lock lock(mutex_);
    return fatal_.has_value();
  }

  void send(UploadBatch& batch) {
    if (batch.files.empty() || has_failed()) return;
    auto uploads = session_->send_batch(batch.body, batch.files.size());
    if (!uploads) return fail(std::move(uploads).error());
    for (std::size_t i = 0; i < uploads->size(); ++i) {
      batch.files[i].record.upload = (*uploads)[i];
      seal_in_time(std::move(batch.files[i]));
    }
    batch.files.clear();
    batch.body.clear();
  }

  // With others, once there are enough.
  void seal_in_time(Prepared prepared) {
    std::vector<Prepared> full;
    {
      const std::scoped_lock lock(mutex_);
      batch_payload_ += prepared.record.length;
      batch_.push_back(std::move(prepared));
      if (batch_.size() == access::kMaxRecordsPerSeal || batch_payload_ >= kBatchPayload) {
        full = std::exchange(batch_, {});
        batch_payload_ = 0;
      }
    }
    if (auto sealed = seal(std::move(full)); !sealed) fail(std::move(sealed).error());
  }

  using Outcome = std::expected<std::optional<Prepared>, Fault>;

  static Fault of_file(Error error) { return {std::move(error), true}; }

  // Nothing when the file was secured by an earlier run, or stands in `batch` now.
  Outcome prepare(std::size_t index, SecuredResult& result, UploadBatch& batch) {
    const FileToSecure& file = files_[index];
    if (!is_inner_path(file.path))
      return std::unexpected(of_file({Errc::invalid_argument, "not a path below a folder"}));
    auto source = SourceFile::open(file.file);
    if (!source) return std::unexpected(of_file(source.error()));
    result.size = source->state().size;
    const std::string local = encode_path(fs::absolute(file.file).lexically_normal().string()).text;

    Prepared prepared;
    prepared.index = index;
    prepared.record.record = session_->make_id<access::RecordId>();
    const auto [first, last] = journal_.equal_range(local);
    const bool seen = std::any_of(first, last, [&](const auto& line) { return line.second.size == result.size; });
    if (seen) {
      auto digest = digest_of(*source);
      if (!digest) return std::unexpected(of_file(digest.error()));
      for (auto line = first; line != last; ++line) {
        if (line->second.size != result.size || line->second.sha256 != *digest) continue;
        result.sha256 = *digest;
        result.record = line->second.record;
        result.skipped = true;
        progress_->bytes += result.size;
        if (result.size > kSmallFile) {
          if (auto done = LargeUpload(*session_, safe_->safe, local).forget(); !done)
            return std::unexpected(Fault{done.error()});
        }
        return std::nullopt;
      }
    }

    if (result.size <= kSmallFile) {
      if (batch.body.size() + vault::age::ciphertext_size(result.size) > kUploadBatch) send(batch);
      const std::size_t before = batch.body.size();
      if (auto again = source->rewind(); !again) return std::unexpected(of_file(again.error()));
      auto encrypted = encrypt_small(*source, prepared, result, batch.body);
      if (encrypted) {
        auto described = describe(file, *source, local, prepared, result);
        if (!described) encrypted = std::unexpected(of_file(described.error()));
      }
      if (encrypted)
        batch.files.push_back(std::move(prepared));
      else
        batch.body.resize(before);
      if (!encrypted) return std::unexpected(std::move(encrypted).error());
      return std::nullopt;
    }
    if (auto sent = send_large(*source, local, prepared, result); !sent)
      return std::unexpected(std::move(sent).error());
    if (auto described = describe(file, *source, local, prepared, result); !described)
      return std::unexpected(of_file(described.error()));
    return prepared;
  }

  static Result<Digest> digest_of(SourceFile& source) {
    vault::crypto::Sha256 hash;
    vault::WipedBytes buffer(kSmallFile);
    std::uint64_t total = 0;
    for (;;) {
      TRY(const std::size_t got, source.read(buffer.span()));
      if (got == 0) break;
      hash.update(buffer.view().first(got));
      total += got;
    }
    TRY_VOID(source.check_unchanged(total));
    return hash.finish();
  }

  using Sent = std::expected<void, Fault>;

  // Its payload, with its length before it, onto the end of `body`.
  Sent encrypt_small(SourceFile& source, Prepared& prepared, SecuredResult& result, Bytes& body) const {
    const std::uint64_t size = source.state().size;
    const auto length = static_cast<std::size_t>(vault::age::ciphertext_size(size));
    const auto key = vault::age::FileKey::generate();
    if (auto made = make_header(key, prepared); !made) return std::unexpected(Fault{made.error()});
    vault::append(body, vault::big_endian32(static_cast<std::uint32_t>(length)));
    const std::size_t begin = body.size();
    body.resize(begin + length);
    const auto payload = std::span(body).subspan(begin);
    vault::age::PayloadNonce nonce;
    vault::fill_random(nonce);
    std::ranges::copy(nonce, payload.begin());
    vault::age::PayloadCipher cipher(key, nonce);
    auto rest = payload.subspan(nonce.size());

    constexpr std::size_t kUnit = vault::age::kChunksPerUnit * vault::age::kChunkSize;
    // One byte more than the file has, to see whether it grew; memory that is touched first is slow.
    vault::WipedBytes plain(std::min<std::uint64_t>(kUnit, size + 1));
    vault::crypto::Sha256 hash;
    std::uint64_t total = 0;
    for (bool last = false; !last;) {
      auto got = source.read_full(plain.span());
      if (got && (total + *got > size || (*got < plain.span().size() && total + *got < size)))
        got = Error{Errc::conflict, "the file changed while it was being read; secure it again"};
      if (!got) return std::unexpected(of_file(got.error()));
      const ByteView content = plain.view().first(*got);
      last = total + content.size() == size;
      hash.update(content);
      const std::size_t sealed = vault::age::PayloadCipher::sealed_run_size(content.size());
      cipher.seal(total / vault::age::kChunkSize, last, content, rest.first(sealed));
      rest = rest.subspan(sealed);
      total += content.size();
    }
    if (auto same = source.check_unchanged(total); !same) return std::unexpected(of_file(same.error()));
    result.sha256 = hash.finish();
    vault::payload::PayloadDigest digest;
    digest.update(payload);
    prepared.record.payload = digest.finish();
    prepared.record.length = length;
    progress_->bytes += size;
    return {};
  }

  Sent send_large(SourceFile& source, const std::string& local, Prepared& prepared, SecuredResult& result) {
    const std::scoped_lock one_at_a_time(large_);  // it takes all cores by itself
    prepared.large = std::make_unique<LargeUpload>(*session_, safe_->safe, local);
    auto sent = prepared.large->send(source, safe_->current().recipient, progress_->bytes);
    if (!sent) {
      Error& error = sent.error().error;
      if (error.code == Errc::full)
        error.message = local + ": " + error.message;  // it ends the run: nothing else says at which file
      return std::unexpected(std::move(sent).error());
    }
    prepared.header = std::move(sent->header);
    prepared.record.header = vault::crypto::sha256(prepared.header);
    prepared.record.payload = sent->payload;
    prepared.record.length = sent->length;
    prepared.record.upload = sent->upload;
    result.sha256 = sent->sha256;
    return {};
  }

  Result<void> make_header(const vault::age::FileKey& key, Prepared& prepared) const {
    const vault::age::Recipient recipient = safe_->current().recipient;
    TRY(prepared.header, vault::age::make_header(key, std::span(&recipient, 1)));
    prepared.record.header = vault::crypto::sha256(prepared.header);
    return {};
  }

  Result<void> describe(const FileToSecure& file, const SourceFile& source, const std::string& local,
                        Prepared& prepared, const SecuredResult& result) const {
    const std::string_view raw = file.path;
    const EncodedPath path = encode_path(raw);
    const std::size_t slash = path.text.rfind('/');
    Descriptor descriptor;
    descriptor.record = prepared.record.record;
    descriptor.name = slash == std::string::npos ? path.text : path.text.substr(slash + 1);
    descriptor.path = path.text;
    descriptor.source = file.source.value_or(options_->source);
    const timespec& modified = source.state().modified;
    descriptor.modified = vault::to_rfc3339(
        {std::max<std::int64_t>(0, modified.tv_sec * vault::kMillisecondsPerSecond + modified.tv_nsec / 1'000'000)});
    descriptor.dates = file.dates.value_or(options_->dates);
    descriptor.media_type = media_type_of(descriptor.name);
    descriptor.size = result.size;
    descriptor.sha256 = result.sha256;
    if (path.encoded) descriptor.encoded = true;
    TRY(const std::string text, encode_descriptor(descriptor));
    const vault::age::Recipient recipient = safe_->current().recipient;
    TRY(prepared.descriptor, vault::age::encrypt_small(vault::as_bytes(text), std::span(&recipient, 1)));
    prepared.record.descriptor = vault::crypto::sha256(prepared.descriptor);
    prepared.record.class_ = file.class_.value_or(options_->class_);
    prepared.record.subject = file.subject ? file.subject : options_->subject;
    if (options_->late) prepared.record.late = true;
    prepared.record.derived_from = options_->derived_from;
    prepared.journal = {safe_->safe, local, result.size, result.sha256, to_string(modified), prepared.record.record};
    return {};
  }

  Result<void> seal(std::vector<Prepared> batch) {
    if (batch.empty()) return {};
    wire::SealRecords command;
    command.safe = safe_->safe;
    command.epoch = safe_->current().epoch;
    command.on_behalf_of = options_->on_behalf_of;
    std::vector<Bytes> values;
    std::string journal;
    for (Prepared& one : batch) {
      values.push_back(std::move(one.header));
      values.push_back(std::move(one.descriptor));
      journal += journal_line(one.journal);
      command.records.push_back(std::move(one.record));
    }
    TRY_VOID(session_->stage(values));
    const auto sealed = session_->act(command, std::move(journal));
    // Without an answer the command waits in the outbox, and the upload with it.
    if (sealed || sealed.code() != Errc::unavailable)
      for (const Prepared& one : batch)
        if (one.large) TRY_VOID(one.large->forget());
    if (!sealed) return sealed.error();
    for (std::size_t i = 0; i < batch.size(); ++i) results_[batch[i].index].record = command.records[i].record;
    return {};
  }

  Session* session_;
  const VerifiedSafe* safe_;
  std::span<const FileToSecure> files_;
  const SecureOptions* options_;
  SecureProgress* progress_;
  const Journal journal_;
  std::vector<SecuredResult> results_;  // each written by the worker that has its file, then by the one that seals it
  std::mutex large_;
  std::mutex mutex_;  // guards what follows
  std::size_t next_ = 0;
  std::vector<Prepared> batch_;
  std::uint64_t batch_payload_ = 0;
  std::optional<Error> fatal_;
};

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
constexpr auto kMediaTypes = std::to_array<MediaType>({
    {"txt", "text/plain"},
    {"log", "text/plain"},
    {"md", "text/markdown"},
    {"csv", "text/csv"},
    {"html", "text/html"},
    {"htm", "text/html"},
    {"xml", "application/xml"},
    {"json", "application/json"},
    {"pdf", "application/pdf"},
    {"rtf", "application/rtf"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"msg", "application/vnd.ms-outlook"},
    {"eml", "message/rfc822"},
    {"zip", "application/zip"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"heic", "image/heic"},
    {"bmp", "image/bmp"},
    {"svg", "image/svg+xml"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},
    {"m4a", "audio/mp4"},
    {"mp4", "video/mp4"},
    {"mov", "video/quicktime"},
    {"avi", "video/x-msvideo"},
    {"mkv", "video/x-matroska"},
    {"dcm", "application/dicom"},
});

}  // namespace

std::string_view media_type_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  std::string extension(dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1));
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto* found = std::ranges::find(kMediaTypes, std::string_view(extension), &MediaType::extension);
  return found == kMediaTypes.end() ? "application/octet-stream" : found->type;
}

// --- securing -------------------------------------------------------------------------------------------------------

Result<FoundFiles> find_files(std::span<const fs::path> paths) {
  FoundFiles found;
  const auto take = [&](const fs::directory_entry& item, const std::string& inner) {
    std::error_code failed;
    const fs::file_status status = item.symlink_status(failed);
    if (failed)
      found.passed_over.emplace_back(inner, failed.message());
    else if (fs::is_regular_file(status))
      found.files.push_back({item.path(), inner, {}, {}, {}, {}});
    else if (fs::is_symlink(status))
      found.passed_over.emplace_back(inner, "a symbolic link; it is not followed");
    else if (!fs::is_directory(status))
      found.passed_over.emplace_back(inner, "neither a file nor a folder");
    return !failed && fs::is_directory(status);
  };
  for (const fs::path& given : paths) {
    std::error_code failed;
    const fs::path path = fs::absolute(given, failed).lexically_normal();
    const fs::path clean = path.has_filename() ? path : path.parent_path();
    const fs::directory_entry top(clean, failed);
    if (failed || !top.exists(failed)) return Error{Errc::not_found, "there is no " + given.string()};
    const std::string base = clean.filename().string();
    if (!take(top, base.empty() ? "." : base)) continue;
    // Sorted, so that a second run meets the files in the same order.
    std::vector<std::pair<fs::path, std::string>> folders{{clean, base.empty() ? "" : base + "/"}};
    while (!folders.empty()) {
      const auto [folder, prefix] = std::move(folders.back());
      folders.pop_back();
      std::vector<fs::directory_entry> items;
      fs::directory_iterator iterator(folder, failed);
      if (failed) {
        found.passed_over.emplace_back(prefix, failed.message());
        continue;
      }
      for (; !failed && iterator != fs::directory_iterator(); iterator.increment(failed)) items.push_back(*iterator);
      if (failed) found.passed_over.emplace_back(prefix, failed.message());
      std::ranges::sort(items, {}, [](const fs::directory_entry& item) { return item.path().native(); });
      for (const fs::directory_entry& item : items) {
        const std::string inner = prefix + item.path().filename().string();
        if (take(item, inner)) folders.emplace_back(item.path(), inner + "/");
      }
    }
  }
  std::ranges::sort(found.files, {}, &FileToSecure::path);
  return found;
}

Result<std::vector<SecuredResult>> secure(Session& session, const VerifiedSafe& safe,
                                          std::span<const FileToSecure> files, const SecureOptions& options,
                                          SecureProgress& progress) {
  TRY(std::vector<SecuredFile> lines, session.home().secured_files(safe.safe));
  Journal journal;
  for (SecuredFile& line : lines) {
    std::string path = std::move(line.path);
    journal.emplace(std::move(path), std::move(line));
  }
  lines = {};
  return Securing(session, safe, files, options, progress, std::move(journal)).run();
}

// --- listing --------------------------------------------------------------------------------------------------------

Result<std::vector<ListedRecord>> list_records(Session& session, const Directory& directory, const VerifiedSafe& safe,
                                               const SafeSecrets* secrets, std::string_view query) {
  std::string path = "/v1/safes/" + safe.safe.to_string() + "/records";
  if (!query.empty()) path += "?" + std::string(query);
  TRY(auto views, session.all<wire::RecordView>(path));
  TRY(const TrustedRecords trusted, trust_safe_records(session, directory, safe));
  std::vector<ListedRecord> listed(views.size());
  TRY_VOID(for_each_parallel(views.size(), kFilesInFlight, [&](std::size_t i) -> Result<void> {
    TRY(listed[i], verify_listed(std::move(views[i]), trusted, secrets));
    return {};
  }));
  return listed;
}

}  // namespace cli::client
