// Describes copies of records: how they are issued, prepared, collected, delivered and returned. It has their commands,
// entries and answers. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

struct IssueCopy {
  static constexpr std::string_view kKind = "copy.issue";
  CopyId copy;
  SafeId safe;
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};                     // not before today in Europe/London
  std::vector<RecordId> records;  // all of this safe, each once
};
BOOST_DESCRIBE_STRUCT(IssueCopy, (), (copy, safe, holder, purpose, due, records))

struct CopyIssued {
  static constexpr std::string_view kKind = "copy.issued";
  static constexpr auto kGiven = std::to_array<std::string_view>({"number"});
  CopyId copy;
  std::uint64_t number = 0;  // shown as C-0042
  SafeId safe;
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};
  std::vector<RecordId> records;
};
BOOST_DESCRIBE_STRUCT(CopyIssued, (), (copy, number, safe, holder, purpose, due, records))

// The issuer signs this for a colleague. It names the headers that were rewritten for the holder's key, in the order of
// the copy's records.
struct PrepareCopy {
  static constexpr std::string_view kKind = "copy.prepare";
  CopyId copy;
  std::vector<Digest> headers;
  Digest index{};  // of index.age, encrypted to the holder; staged with `POST /v1/beside/<digest>`
};
BOOST_DESCRIBE_STRUCT(PrepareCopy, (), (copy, headers, index))

struct CopyPrepared {
  static constexpr std::string_view kKind = "copy.prepared";
  CopyId copy;
  std::vector<Digest> headers;
  Digest index{};
};
BOOST_DESCRIBE_STRUCT(CopyPrepared, (), (copy, headers, index))

struct CollectCopy {
  static constexpr std::string_view kKind = "copy.collect";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(CollectCopy, (), (copy))

struct CopyCollected {
  static constexpr std::string_view kKind = "copy.collected";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(CopyCollected, (), (copy))

// The holder's client signs this once every file of the copy is verified and has its name.
struct DeliverCopy {
  static constexpr std::string_view kKind = "copy.deliver";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(DeliverCopy, (), (copy))

struct CopyDelivered {
  static constexpr std::string_view kKind = "copy.delivered";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(CopyDelivered, (), (copy))

struct ReturnCopy {
  static constexpr std::string_view kKind = "copy.return";
  CopyId copy;
  std::vector<RecordId> records;  // if empty: all that are still out
  CopyEnd how = CopyEnd::returned;
};
BOOST_DESCRIBE_STRUCT(ReturnCopy, (), (copy, records, how))

struct CopyReturned {
  static constexpr std::string_view kKind = "copy.returned";
  static constexpr auto kComputed = std::to_array<std::string_view>({"records", "complete"});
  CopyId copy;
  std::vector<RecordId> records;  // the records that this act ended; all that were out if the command names none
  CopyEnd how = CopyEnd::returned;
  bool complete = false;  // nothing of the copy is out any more
};
BOOST_DESCRIBE_STRUCT(CopyReturned, (), (copy, records, how, complete))

// Makes another keyholder answer for open copies of the safe from now on. They prepare, chase and return the copies as
// the issuer would. The person who issued a copy is still named as its issuer.
struct ReassignCopies {
  static constexpr std::string_view kKind = "copy.reassign";
  SafeId safe;
  std::vector<CopyId> copies;
  PersonId to;
};
BOOST_DESCRIBE_STRUCT(ReassignCopies, (), (safe, copies, to))

// There is one such entry for each copy of the command.
struct CopyReassigned {
  static constexpr std::string_view kKind = "copy.reassigned";
  static constexpr auto kComputed = std::to_array<std::string_view>({"from"});
  CopyId copy;
  SafeId safe;
  PersonId from;
  PersonId to;
};
BOOST_DESCRIBE_STRUCT(CopyReassigned, (), (copy, safe, from, to))

// ---- Answers ----

struct CopyRecordView {
  RecordId record;
  std::optional<CopyEnd> ended;
};
BOOST_DESCRIBE_STRUCT(CopyRecordView, (), (record, ended))

struct CopyView {
  CopyId copy;
  std::uint64_t number = 0;
  CaseId case_;
  SafeId safe;
  PersonId issuer;
  PersonId responsible;  // the issuer, or the keyholder who took it over
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};
  Instant issued;
  CopyState state = CopyState::issued;
  bool overdue = false;
  std::uint64_t records = 0;
};
BOOST_DESCRIBE_STRUCT(CopyView, (),
                      (copy, number, case_, safe, issuer, responsible, holder, purpose, due, issued, state, overdue,
                       records))

// One released header. The issuer gets the header of the record, the holder gets the rewritten one.
struct CopyHeader {
  RecordId record;
  std::uint64_t ordinal = 0;  // from 1, in the copy's order
  std::uint64_t epoch = 0;
  std::uint64_t length = 0;
  Digest payload{};
  vault::Bytes header;
  std::optional<vault::Bytes> descriptor;  // only for the issuer
};
BOOST_DESCRIBE_STRUCT(CopyHeader, (), (record, ordinal, epoch, length, payload, header, descriptor))

}  // namespace strongroom::access::wire
