#include "cli/client/copies.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "cli/client/files/stage.h"
#include "cli/client/files/staged_file.h"
#include "vault/age/file.h"
#include "vault/base/file.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

namespace fs = std::filesystem;
using vault::age::Identity;
using vault::age::Recipient;

constexpr std::string_view kIndexName = "index.age";

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

std::string delivery_note(const access::CopyId& copy) {
  return copy.to_string() + ".delivery";
}

std::string digest_of(const wire::IssueCopy& command) {
  return vault::hex(vault::crypto::sha256(vault::as_bytes(wire::encode(command))));
}

// Two folders may each have had a file "Case file/a.txt", and a depositor may mean harm. So a record goes into a folder
// of its own, named by its id, if its path is that of another record, or above or below it.
void make_paths_distinct(std::vector<IndexedFile>& files) {
  std::set<std::string> taken;    // paths of files
  std::set<std::string> folders;  // all folders above them
  const auto above = [](const std::string& path, const auto& visit) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      visit(path.substr(0, slash));
  };
  for (IndexedFile& file : files) {
    auto path = raw_path(file);
    if (!path) continue;  // opening the copy reports it
    bool free = false;
    while (!free) {
      free = !taken.contains(*path) && !folders.contains(*path);
      above(*path, [&](const std::string& folder) { free = free && !taken.contains(folder); });
      if (free) break;
      const std::string own = file.record.to_string() + "/";
      *path = own + *path;
      file.path = own + file.path;
    }
    taken.insert(*path);
    above(*path, [&](const std::string& folder) { folders.insert(folder); });
  }
}

// Makes a copy's content from the released headers: headers with the same file keys for the holder, and the index with
// the real names.
Result<CopyContent> rewrite_copy(Session& session, const ProvedCopy& proved, const VerifiedSafe& safe,
                                 const Recipient& holder) {
  TRY(const SafeSecrets secrets, open_safe(session, safe));
  TRY(const auto released, session.all<wire::CopyHeader>("/v1/copies/" + proved.issued.copy.to_string() + "/headers"));
  TRY_VOID(check_headers(proved, released));
  CopyContent made;
  made.index.copy = proved.issued.copy;
  made.index.number = proved.issued.number;
  made.index.purpose = proved.issued.purpose;
  made.index.due = proved.issued.due;
  made.headers.resize(released.size());
  made.index.records.resize(released.size());
  TRY_VOID(for_each_parallel(released.size(), kFilesInFlight, [&](std::size_t i) -> Result<void> {
    const wire::CopyHeader& header = released[i];
    const TrustedRecord& trusted = proved.records.at(header.record);
    if (vault::crypto::sha256(header.header) != trusted.sealed.header)
      return tampered("the header of " + header.record.to_string() + " is not the one that its depositor sealed");
    if (!header.descriptor) return tampered("the description of " + header.record.to_string() + " is missing");
    TRY(Descriptor descriptor, open_descriptor(*header.descriptor, trusted, secrets));
    auto rewritten = rewrite_header(header.header, secrets.identities[trusted.epoch], holder);
    if (!rewritten)
      return tampered(header.record.to_string() + " does not open with its safe's key: " + rewritten.error().message);
    made.headers[i] = std::move(*rewritten);
    made.index.records[i] = {copy_file_name(header.ordinal),
                             header.record,
                             descriptor.path,
                             descriptor.size,
                             descriptor.sha256,
                             header.length,
                             header.payload,
                             descriptor.modified,
                             descriptor.encoded};
    return {};
  }));
  make_paths_distinct(made.index.records);
  return made;
}

Result<Bytes> encrypt_index(const CopyIndex& index, const Recipient& holder) {
  std::string text = wire::encode(index);
  auto file = vault::age::encrypt_small(vault::as_bytes(text), std::span(&holder, 1));
  vault::wipe(std::as_writable_bytes(std::span(text)));
  if (!file) return file;
  if (file->size() > access::kMaxIndexBytes) return Error{Errc::too_large, "the copy's index is too large"};
  return file;
}

Result<std::optional<Digest>> digest_of_file(const fs::path& path) {
  auto opened = vault::File::open_to_read(path, vault::Links::not_followed);
  if (!opened) {
    if (opened.code() == Errc::not_found) return std::optional<Digest>();
    return opened.error();
  }
  vault::crypto::Sha256 hash;
  vault::WipedBytes buffer(1U << 20);
  for (;;) {
    TRY(const std::size_t got, opened->read(buffer.span()));
    if (got == 0) return std::optional(hash.finish());
    hash.update(buffer.view().first(got));
  }
}

// Writes the files of a copy, each verified while it is written. A file that an earlier run has written is only
// checked.
class CopyWriter {
 public:
  CopyWriter(Session& session, const access::CopyId& copy, const CopyContent& content, fs::path folder, CopyForm form,
             CopyProgress& progress)
      : session_(&session),
        base_("/v1/copies/" + copy.to_string() + "/records/"),
        content_(&content),
        folder_(std::move(folder)),
        form_(form),
        progress_(&progress) {}

  // Writes one file, which may get its name only in `finish`.
  Result<WrittenFile> write(std::size_t i) {
    const IndexedFile& file = content_->index.records[i];
    std::string name = file.file;
    if (form_ == CopyForm::plain) {
      TRY(name, raw_path(file));
    }
    const fs::path path = folder_ / vault::path_of(name);
    TRY(const bool there, find_written(file, path));
    if (there)
      ++progress_->files;
    else
      TRY_VOID(fetch(i, name));
    return WrittenFile{file.record, path};
  }
  Result<void> finish() { return staged_.finish(); }

 private:
  // Returns false if there is no such file. Errc::conflict if there is another one.
  Result<bool> find_written(const IndexedFile& file, const fs::path& path) const {
    if (!vault::look_at(path, vault::Links::not_followed)) return false;
    const Error other{Errc::conflict, vault::text_of(path) +
                                          " exists already and is another file; nothing is overwritten. Collect into "
                                          "another folder"};
    if (form_ == CopyForm::plain) {
      TRY(const auto digest, digest_of_file(path));
      if (digest != file.sha256) return other;
    } else if (!verify_file(path, std::span(&session_->keys().identity, 1), facts_of(file), {}, nullptr)) {
      return other;
    }
    progress_->bytes += file.length;
    return true;
  }

  Result<void> fetch(std::size_t i, const std::string& name) {
    const IndexedFile& file = content_->index.records[i];
    TRY(const vault::age::Header header, vault::age::parse_header(content_->headers[i]));
    auto key = vault::age::open_header(header, std::span(&session_->keys().identity, 1));
    if (!key) return tampered("a header of the copy does not open: " + key.error().message);
    const bool plain = form_ == CopyForm::plain;
    const bool large = !plain && file.length > kKeptDownload;
    TRY(StagedFile staged, large ? StagedFile::resume(folder_, name) : StagedFile::create(folder_, name, file.length));
    VerifiedPayload payload(
        *key, facts_of(file),
        plain ? std::function<Result<void>(ByteView)>([&](ByteView b) { return staged.write(b); }) : nullptr);
    std::uint64_t there = 0;
    if (large) {
      TRY(there, resume(staged, content_->headers[i], *key, file.length, payload));
    } else if (!plain) {
      TRY_VOID(staged.write(content_->headers[i]));
    }
    progress_->bytes += there;
    auto fetched = session_->download(base_ + file.record.to_string() + "/payload", there, file.length,
                                      [&](ByteView bytes) -> Result<void> {
                                        if (progress_->stop) return Error{Errc::cancelled, "stopped"};
                                        TRY_VOID(payload.push(bytes));
                                        progress_->bytes += bytes.size();
                                        return plain ? Result<void>() : staged.write(bytes);
                                      });
    if (fetched) fetched = payload.finish();
    if (!fetched) {
      if (fetched.code() == Errc::tampered) staged.discard();
      return fetched;
    }
    if (const auto time = vault::parse_rfc3339(file.modified); plain && time) staged.set_modified(*time);
    return staged_.add(std::move(staged), file.length,
                       [this, &file, path = folder_ / vault::path_of(name)](Result<void> named) {
                         if (named) ++progress_->files;
                         if (named || named.code() != Errc::conflict) return named;
                         // Another record of the copy has this path. It may be the same file.
                         auto same = find_written(file, path);
                         if (!same) return Result<void>(same.error());
                         return *same ? Result<void>() : named;
                       });
  }

  // Returns how much of the payload an earlier run has left, counted in whole runs of chunks that open, and gives these
  // bytes to `payload`. The header is replaced, because an issuer makes a new one each time for the same key.
  static Result<std::uint64_t> resume(StagedFile& staged, ByteView header, const vault::age::FileKey& key,
                                      std::uint64_t length, VerifiedPayload& payload) {
    Bytes start(header.size());
    vault::age::PayloadNonce nonce;
    TRY(const std::size_t got, staged.read_at(0, start));
    TRY(const std::size_t got_nonce, staged.read_at(header.size(), nonce));
    const auto old = vault::age::parse_header(start);
    if (got != start.size() || got_nonce != nonce.size() || !old || old->bytes.size() != header.size()) {
      TRY_VOID(staged.truncate(0));
      TRY_VOID(staged.write(header));
      return std::uint64_t{0};
    }
    TRY_VOID(staged.write_at(0, header));
    TRY_VOID(payload.push(nonce));
    std::uint64_t there = nonce.size();
    vault::age::PayloadCipher cipher(key, nonce);
    constexpr std::size_t kRun = vault::age::kChunksPerUnit * vault::age::kSealedChunkSize;
    Bytes sealed(kRun);
    vault::WipedBytes plain(kRun);
    for (std::uint64_t run = 0; there + kRun < length; ++run) {
      TRY(const std::size_t size, staged.read_at(header.size() + there, sealed));
      if (size != kRun || !cipher.open(run * vault::age::kChunksPerUnit, false, sealed, plain.span())) break;
      TRY_VOID(payload.push(sealed));
      there += kRun;
    }
    TRY_VOID(staged.truncate(header.size() + there));
    return there;
  }

  Session* session_;
  std::string base_;
  const CopyContent* content_;
  fs::path folder_;
  CopyForm form_;
  CopyProgress* progress_;
  StagedFiles staged_;
};

Result<void> write_index(const CopyContent& content, const Session& session, const fs::path& folder) {
  const fs::path path = folder / kIndexName;
  auto existing = vault::read_file_limited(path, access::kMaxIndexBytes);
  if (existing) {
    auto plain = vault::age::decrypt_small(*existing, std::span(&session.keys().identity, 1));
    const bool same = plain && vault::as_text(*plain) == wire::encode(content.index);
    if (plain) vault::wipe(*plain);
    if (!same)
      return Error{Errc::conflict,
                   vault::text_of(path) + " is of another copy; nothing is overwritten. Collect into another folder"};
    return {};
  }
  if (existing.code() != Errc::not_found) return existing.error();
  TRY(const Bytes file, encrypt_index(content.index, session.keys().identity.recipient()));
  TRY(StagedFile staged, StagedFile::create(folder, kIndexName));
  TRY_VOID(staged.write(file));
  return staged.commit();
}

}  // namespace

PayloadFacts facts_of(const IndexedFile& file) {
  return {file.length, file.payload, file.size, file.sha256};
}

Result<Bytes> rewrite_header(ByteView header, const Identity& safe_identity, const Recipient& holder) {
  TRY(const vault::age::Header parsed, vault::age::parse_header(header));
  if (parsed.bytes.size() != header.size() || !vault::age::is_single_x25519(parsed))
    return Error{Errc::malformed, "a record's header is not for exactly one recipient"};
  TRY(const vault::age::FileKey key, vault::age::open_header(parsed, std::span(&safe_identity, 1)));
  return vault::age::make_header(key, std::span(&holder, 1));
}

Result<IssuedCopy> issue_copy(Session& session, const Directory& directory, const CopyRequest& request) {
  TRY_VOID(directory.certified(request.holder));
  wire::IssueCopy command;
  command.copy = session.make_id<access::CopyId>();
  command.safe = request.safe;
  command.holder = request.holder;
  command.purpose = request.purpose;
  command.due = request.due;
  command.records = request.records;
  if (request.holder != session.person())
    TRY_VOID(session.home().put_note(issue_note(command.copy), digest_of(command)));
  TRY(const ActAnswer answer, session.act(command));  // drops the note if the service refuses the command
  TRY(const auto event, event_of<wire::CopyIssued>(answer.entries.front().body));
  return IssuedCopy{event.copy, event.number, event.holder, event.due};
}

Result<bool> recall_issuing(const Home& home, const wire::IssueCopy& command) {
  TRY(const auto note, home.note(issue_note(command.copy)));
  return note == digest_of(command);
}

Result<void> prepare_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                          const Approve& approve) {
  TRY(const ProvedCopy proved, prove_copy(session, directory, copy));
  if (proved.prepared) return {};
  if (proved.issuer != session.person())
    return Error{Errc::refused, "a copy can be prepared only by the person who issued it"};
  TRY(const Person* holder, directory.certified(proved.issued.holder));
  // Checked before anybody is asked: if the signer held no key, the issue was refused and never took effect.
  SignedIssue issue = proved.as_signed;
  TRY(issue.safe, verify_safe(session, directory, proved.issued.safe));
  if (!issue.safe.keyholder(proved.issuer))
    return tampered("a copy was issued by somebody who is not a keyholder of its safe");
  TRY_VOID(approve(issue));
  TRY(const CopyContent made, rewrite_copy(session, proved, issue.safe, holder->recipient));
  TRY(const Bytes index, encrypt_index(made.index, holder->recipient));
  wire::PrepareCopy command;
  command.copy = copy;
  TRY(command.headers, session.stage(made.headers));
  TRY(command.index, session.stage_large(index));
  TRY_VOID(session.act(command));
  return session.home().drop_note(issue_note(copy));
}

namespace {

// A copy that its holder may open. If a colleague prepared it, it was collected, which is an entry of its own.
struct HeldCopy {
  ProvedCopy proved;
  CopyContent content;
  bool delivery_owed = false;
};
Result<HeldCopy> hold_copy(Session& session, const Directory& directory, const access::CopyId& copy) {
  HeldCopy held;
  TRY(held.proved, prove_copy(session, directory, copy));
  const ProvedCopy& proved = held.proved;
  if (proved.issued.holder != session.person())
    return Error{Errc::refused, "a copy can be collected only by its holder"};
  TRY(const auto view, session.get<wire::CopyView>("/v1/copies/" + copy.to_string()));
  if (proved.issuer == session.person()) {
    TRY(const VerifiedSafe safe, verify_safe(session, directory, proved.issued.safe));
    TRY(held.content, rewrite_copy(session, proved, safe, session.keys().identity.recipient()));
    held.delivery_owed = view.state == access::CopyState::issued;
    return held;
  }
  if (!proved.prepared)
    return Error{Errc::conflict,
                 copy_name(proved.issued.number) + " is not prepared yet: ask its issuer to run strongroom sync"};
  if (view.state == access::CopyState::prepared) TRY_VOID(session.act(wire::CollectCopy{copy}));
  TRY(held.content, fetch_prepared(session, proved));
  held.delivery_owed = view.state == access::CopyState::prepared || view.state == access::CopyState::collected;
  return held;
}

}  // namespace

Result<CollectedCopy> collect_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                                   const fs::path& folder, CopyForm form, CopyProgress& progress) {
  TRY(const HeldCopy held, hold_copy(session, directory, copy));
  const ProvedCopy& proved = held.proved;
  const CopyContent& content = held.content;

  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return vault::system_error(failed, "cannot make " + vault::text_of(folder));
  CollectedCopy collected;
  collected.copy = {copy, proved.issued.number, proved.issued.holder, proved.issued.due};
  collected.folder = folder / copy_name(proved.issued.number);
  TRY_VOID(vault::make_private_directory(collected.folder));
  collected.files.resize(content.index.records.size());
  CopyWriter writer(session, copy, content, collected.folder, form, progress);
  const Result<void> written =
      for_each_parallel(collected.files.size(), kFilesInFlight, [&](std::size_t i) -> Result<void> {
        if (progress.stop) return Error{Errc::cancelled, "stopped; run the same command again to continue"};
        TRY(collected.files[i], writer.write(i));
        return {};
      });
  const Result<void> named = writer.finish();  // complete files stay, even if others failed
  TRY_VOID(written);
  TRY_VOID(named);
  if (form == CopyForm::secured) TRY_VOID(write_index(content, session, collected.folder));

  if (held.delivery_owed) {
    TRY_VOID(session.home().put_note(delivery_note(copy), vault::text_of(fs::absolute(collected.folder))));
    TRY_VOID(acknowledge_delivery(session, copy));
  }
  return collected;
}

Result<std::vector<ReadRecord>> read_copy(Session& session, const Directory& directory, const access::CopyId& copy,
                                          std::size_t max_bytes) {
  TRY(const HeldCopy held, hold_copy(session, directory, copy));
  std::vector<ReadRecord> read;
  for (std::size_t i = 0; i < held.content.index.records.size(); ++i) {
    const IndexedFile& file = held.content.index.records[i];
    if (file.size > max_bytes) return Error{Errc::too_large, file.record.to_string() + " is too large to be read here"};
    TRY(const vault::age::Header header, vault::age::parse_header(held.content.headers[i]));
    auto key = vault::age::open_header(header, std::span(&session.keys().identity, 1));
    if (!key) return tampered("a header of the copy does not open: " + key.error().message);
    TRY(std::string name, raw_path(file));
    ReadRecord one{file.record, std::move(name), vault::WipedBytes(static_cast<std::size_t>(file.size))};
    std::size_t filled = 0;
    VerifiedPayload payload(*key, facts_of(file), [&](ByteView bytes) -> Result<void> {
      if (bytes.size() > one.content.span().size() - filled)
        return tampered("a record is longer than the one that was sealed");
      std::ranges::copy(bytes, one.content.span().subspan(filled).begin());
      filled += bytes.size();
      return {};
    });
    TRY_VOID(session.download("/v1/copies/" + copy.to_string() + "/records/" + file.record.to_string() + "/payload", 0,
                              file.length, [&](ByteView bytes) { return payload.push(bytes); }));
    TRY_VOID(payload.finish());
    read.push_back(std::move(one));
  }
  if (held.delivery_owed) TRY_VOID(session.act(wire::DeliverCopy{copy}));
  return read;
}

Result<void> acknowledge_delivery(Session& session, const access::CopyId& copy) {
  TRY(const auto note, session.home().note(delivery_note(copy)));
  if (!note)
    return Error{Errc::conflict,
                 "the copy is not complete on this machine: run strongroom collect " + copy.to_string()};
  TRY_VOID(session.act(wire::DeliverCopy{copy}));
  return session.home().drop_note(delivery_note(copy));
}

}  // namespace cli::client
