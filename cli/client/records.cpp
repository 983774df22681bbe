#include "cli/client/records.h"

#include <algorithm>
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

using vault::age::FileKey;
using vault::age::Recipient;

constexpr std::size_t kLengthBytes = 4;              // before each payload of a batch
constexpr std::uint64_t kBatchPayload = 256U << 20;  // records whose payloads have so many bytes are sealed at once

// --- making a record ------------------------------------------------------------------------------------------------
// Every record is made here: its payload is encrypted, its descriptor is written, and a sealing command names both.

// The depositor's words about a record.
struct RecordWords {
  std::string path;  // raw bytes
  std::string source;
  vault::Instant modified;
  std::string dates = {};
  access::RecordClass class_ = access::RecordClass::other;
  std::optional<std::string> subject = {};
  bool late = false;
  std::optional<access::CopyId> derived_from = {};
};

struct MadeRecord {
  wire::NewRecord record;
  Bytes header;
  Bytes descriptor;
};

// Fills the span, unless the content ends.
using ReadFull = std::function<Result<std::size_t>(std::span<std::byte>)>;

// Encrypts the content and appends it to `body`. All errors are those of `read`, or Errc::conflict if the content does
// not have exactly `size` bytes.
Result<EncryptedPayload> encrypt_whole(const FileKey& key, Bytes header, std::uint64_t size, const ReadFull& read,
                                       Bytes& body) {
  EncryptedPayload made;
  made.header = std::move(header);
  made.size = size;
  made.length = vault::age::ciphertext_size(size);
  const std::size_t begin = body.size();
  body.resize(begin + static_cast<std::size_t>(made.length));
  const auto payload = std::span(body).subspan(begin);
  vault::age::PayloadNonce nonce;
  vault::fill_random(nonce);
  std::ranges::copy(nonce, payload.begin());
  vault::age::PayloadCipher cipher(key, nonce);
  auto sealed = payload.subspan(nonce.size());

  constexpr std::size_t kUnit = vault::age::kChunksPerUnit * vault::age::kChunkSize;
  // One byte more than the content has shows whether it grew. A larger buffer would be slow, because memory that is
  // touched for the first time is.
  vault::WipedBytes plain(std::min<std::uint64_t>(kUnit, size + 1));
  vault::crypto::Sha256 hash;
  std::uint64_t total = 0;
  for (bool last = false; !last;) {
    TRY(const std::size_t got, read(plain.span()));
    if (total + got > size || (got < plain.span().size() && total + got < size))
      return Error{Errc::conflict, "the file changed while it was being read; secure it again"};
    const ByteView content = plain.view().first(got);
    last = total + got == size;
    hash.update(content);
    const std::size_t run = vault::age::PayloadCipher::sealed_run_size(got);
    cipher.seal(total / vault::age::kChunkSize, last, content, sealed.first(run));
    sealed = sealed.subspan(run);
    total += got;
  }
  made.sha256 = hash.finish();
  vault::payload::PayloadDigest digest;
  digest.update(payload);
  made.payload = digest.finish();
  return made;
}

// Describes a record with this payload. If the payload is not sent yet, the caller sets the record's upload later.
Result<MadeRecord> make_record(const access::RecordId& id, const Recipient& recipient, EncryptedPayload payload,
                               const RecordWords& words) {
  const EncodedPath path = encode_path(words.path);
  const std::size_t slash = path.text.rfind('/');
  Descriptor descriptor;
  descriptor.record = id;
  descriptor.name = slash == std::string::npos ? path.text : path.text.substr(slash + 1);
  descriptor.path = path.text;
  descriptor.source = words.source;
  descriptor.modified = vault::to_rfc3339(words.modified);
  descriptor.dates = words.dates;
  descriptor.media_type = media_type_of(descriptor.name);
  descriptor.size = payload.size;
  descriptor.sha256 = payload.sha256;
  if (path.encoded) descriptor.encoded = true;
  TRY(const std::string text, encode_descriptor(descriptor));

  MadeRecord made;
  TRY(made.descriptor, vault::age::encrypt_small(vault::as_bytes(text), std::span(&recipient, 1)));
  made.header = std::move(payload.header);
  made.record.record = id;
  made.record.class_ = words.class_;
  made.record.subject = words.subject;
  if (words.late) made.record.late = true;
  made.record.derived_from = words.derived_from;
  if (payload.upload) made.record.upload = *payload.upload;
  made.record.length = payload.length;
  made.record.payload = payload.payload;
  made.record.header = vault::crypto::sha256(made.header);
  made.record.descriptor = vault::crypto::sha256(made.descriptor);
  return made;
}

struct Sealing {
  wire::SealRecords command;
  std::vector<Bytes> values;  // must be staged before the command is sent
};
Sealing sealing_of(const VerifiedSafe& safe, std::vector<MadeRecord> made) {
  Sealing sealing;
  sealing.command.safe = safe.safe;
  sealing.command.epoch = safe.current().epoch;
  for (MadeRecord& one : made) {
    sealing.values.push_back(std::move(one.header));
    sealing.values.push_back(std::move(one.descriptor));
    sealing.command.records.push_back(std::move(one.record));
  }
  return sealing;
}

// --- securing files -------------------------------------------------------------------------------------------------

// A file that waits for its sealing command.
struct Prepared {
  std::size_t index = 0;  // in the files to secure
  MadeRecord made;
  SecuredFile journal;
  std::unique_ptr<LargeUpload> large;  // for a large file
};

// Small files that are sent together. `body` has each payload after its length.
struct UploadBatch {
  Bytes body;
  std::vector<Prepared> files;
  bool is_full() const { return body.size() >= kUploadBatch || files.size() == vault::payload::kMaxBatchUploads; }
};

// The files that earlier runs secured, by path. The path is moved out of the line.
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
    // Reserved at once, because a buffer that grows takes twice the memory.
    batch.body.reserve(kLengthBytes + vault::age::ciphertext_size(kSmallFile));
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
    // Files that were not begun because of a stop are reported as such.
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
      batch.files[i].made.record.upload = (*uploads)[i];
      seal_in_time(std::move(batch.files[i]));
    }
    batch.files.clear();
    batch.body.clear();
  }

  // Keeps the record until there are enough to seal together.
  void seal_in_time(Prepared prepared) {
    std::vector<Prepared> full;
    {
      const std::scoped_lock lock(mutex_);
      batch_payload_ += prepared.made.record.length;
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

  // Returns nothing if an earlier run has secured the file, or if it is in `batch` now.
  Outcome prepare(std::size_t index, SecuredResult& result, UploadBatch& batch) {
    const FileToSecure& file = files_[index];
    if (!is_inner_path(file.path))
      return std::unexpected(of_file({Errc::invalid_argument, "its path in the record is not below a folder"}));
    auto source = SourceFile::open(file.file);
    if (!source) return std::unexpected(of_file(source.error()));
    result.size = source->state().size;
    const std::string local = encode_path(vault::text_of(fs::absolute(file.file).lexically_normal())).text;
    auto skipped = skip_secured(*source, local, result);
    if (!skipped) return std::unexpected(std::move(skipped).error());
    if (*skipped) return std::nullopt;

    Prepared prepared;
    prepared.index = index;
    const bool is_small = result.size <= kSmallFile;
    if (is_small && batch.body.size() + vault::age::ciphertext_size(result.size) > kUploadBatch) send(batch);
    const std::size_t before = batch.body.size();
    auto payload = is_small ? encrypt_small(*source, batch.body) : send_large(*source, local, prepared);
    if (payload) {
      result.sha256 = payload->sha256;
      auto described = describe(file, *source, local, std::move(*payload), prepared);
      if (!described) payload = std::unexpected(of_file(described.error()));
    }
    if (!payload) {
      batch.body.resize(before);
      return std::unexpected(std::move(payload).error());
    }
    if (!is_small) return prepared;
    batch.files.push_back(std::move(prepared));
    return std::nullopt;
  }

  // Whether the journal has this very file, by its path and content.
  std::expected<bool, Fault> skip_secured(SourceFile& source, const std::string& local, SecuredResult& result) {
    const auto [first, last] = journal_.equal_range(local);
    const bool has_size = std::any_of(first, last, [&](const auto& line) { return line.second.size == result.size; });
    if (!has_size) return false;
    auto digest = digest_of(source);
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
      return true;
    }
    source.rewind();
    return false;
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

  using Payload = std::expected<EncryptedPayload, Fault>;

  Payload encrypt_small(SourceFile& source, Bytes& body) const {
    const auto key = FileKey::generate();
    auto header = vault::age::make_header(key, std::span(&safe_->current().recipient, 1));
    if (!header) return std::unexpected(Fault{header.error()});
    const std::uint64_t size = source.state().size;
    vault::append(body, vault::big_endian32(static_cast<std::uint32_t>(vault::age::ciphertext_size(size))));
    auto made = encrypt_whole(
        key, std::move(*header), size, [&](std::span<std::byte> into) { return source.read(into); }, body);
    if (made) {
      if (auto same = source.check_unchanged(size); !same) made = same.error();
    }
    if (!made) return std::unexpected(of_file(made.error()));
    progress_->bytes += size;
    return std::move(*made);
  }

  Payload send_large(SourceFile& source, const std::string& local, Prepared& prepared) {
    const std::scoped_lock one_at_a_time(large_);  // because one upload uses all cores
    prepared.large = std::make_unique<LargeUpload>(*session_, safe_->safe, local);
    auto sent = prepared.large->send(source, safe_->current().recipient, progress_->bytes);
    if (!sent) {
      Error& error = sent.error().error;
      // It ends the run, and nothing else says at which file.
      if (error.code == Errc::full) error.message = local + ": " + error.message;
    }
    return sent;
  }

  Result<void> describe(const FileToSecure& file, const SourceFile& source, const std::string& local,
                        EncryptedPayload payload, Prepared& prepared) const {
    const vault::FileTime& modified = source.state().modified;
    RecordWords words;
    words.path = file.path;
    words.source = file.source.value_or(options_->source);
    words.modified.unix_ms =
        std::max<std::int64_t>(0, modified.seconds * vault::kMillisecondsPerSecond + modified.nanoseconds / 1'000'000);
    words.dates = file.dates.value_or(options_->dates);
    words.class_ = file.class_.value_or(options_->class_);
    words.subject = file.subject ? file.subject : options_->subject;
    words.late = options_->late;
    words.derived_from = options_->derived_from;
    const auto id = session_->make_id<access::RecordId>();
    prepared.journal = {safe_->safe, local, payload.size, payload.sha256, to_string(modified), id};
    TRY(prepared.made, make_record(id, safe_->current().recipient, std::move(payload), words));
    return {};
  }

  Result<void> seal(std::vector<Prepared> batch) {
    if (batch.empty()) return {};
    std::vector<MadeRecord> made;
    std::string journal;
    for (Prepared& one : batch) {
      journal += journal_line(one.journal);
      made.push_back(std::move(one.made));
    }
    Sealing sealing = sealing_of(*safe_, std::move(made));
    sealing.command.on_behalf_of = options_->on_behalf_of;
    TRY_VOID(session_->stage(sealing.values));
    const auto sealed = session_->act(sealing.command, std::move(journal));
    // Without an answer the command waits in the outbox, and the upload must wait with it.
    if (sealed || sealed.code() != Errc::unavailable)
      for (const Prepared& one : batch)
        if (one.large) TRY_VOID(one.large->forget());
    if (!sealed) return sealed.error();
    for (const Prepared& one : batch) results_[one.index].record = one.journal.record;
    return {};
  }

  Session* session_;
  const VerifiedSafe* safe_;
  std::span<const FileToSecure> files_;
  const SecureOptions* options_;
  SecureProgress* progress_;
  const Journal journal_;
  std::vector<SecuredResult> results_;  // each is written by its file's worker, and then by the one that seals it
  std::mutex large_;
  std::mutex mutex_;  // guards the members below
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
      found.passed_over.emplace_back(inner, "a symbolic link, which is not followed");
    else if (!fs::is_directory(status))
      found.passed_over.emplace_back(inner, "neither a file nor a folder");
    return !failed && fs::is_directory(status);
  };
  for (const fs::path& given : paths) {
    std::error_code failed;
    const fs::path path = fs::absolute(given, failed).lexically_normal();
    const fs::path clean = path.has_filename() ? path : path.parent_path();
    const fs::directory_entry top(clean, failed);
    if (failed || !top.exists(failed)) return Error{Errc::not_found, "there is no " + vault::text_of(given)};
    const std::string base = vault::text_of(clean.filename());
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
      std::ranges::sort(items, {}, [](const fs::directory_entry& item) { return vault::text_of(item.path()); });
      for (const fs::directory_entry& item : items) {
        const std::string inner = prefix + vault::text_of(item.path().filename());
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

Result<std::vector<access::RecordId>> seal_texts(Session& session, const VerifiedSafe& safe,
                                                 std::span<const NewDocument> documents, std::string_view source) {
  const Recipient& recipient = safe.current().recipient;
  std::vector<MadeRecord> made;
  for (const NewDocument& document : documents) {
    const auto key = FileKey::generate();
    TRY(Bytes header, vault::age::make_header(key, std::span(&recipient, 1)));
    ByteView unread = vault::as_bytes(document.text);
    const ReadFull read = [&unread](std::span<std::byte> into) -> Result<std::size_t> {
      const ByteView next = unread.first(std::min(unread.size(), into.size()));
      std::ranges::copy(next, into.begin());
      unread = unread.subspan(next.size());
      return next.size();
    };
    Bytes body;
    TRY(EncryptedPayload payload, encrypt_whole(key, std::move(header), document.text.size(), read, body));
    RecordWords words{.path = document.name, .source = std::string(source), .modified = session.now()};
    words.class_ = document.class_;
    TRY(MadeRecord one, make_record(session.make_id<access::RecordId>(), recipient, std::move(payload), words));
    TRY(const Upload upload, Upload::create(session, body.size(), body));
    one.record.upload = upload.id();
    made.push_back(std::move(one));
  }
  const Sealing sealing = sealing_of(safe, std::move(made));
  TRY_VOID(session.stage(sealing.values));
  TRY_VOID(session.act(sealing.command));
  std::vector<access::RecordId> sealed;
  for (const wire::NewRecord& record : sealing.command.records) sealed.push_back(record.record);
  return sealed;
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
