#include "audit/check.h"

#include <algorithm>
#include <optional>

#include "audit/rows.h"

namespace audit {
namespace {

using vault::engine::KeyValue;
using vault::engine::ReadTransaction;

std::string envelope_name(std::uint64_t seq) {
  return "envelope of entry " + std::to_string(seq);
}
std::string body_name(std::uint64_t seq) {
  return "body of entry " + std::to_string(seq);
}
std::string checkpoint_name(std::uint64_t size) {
  return "checkpoint of size " + std::to_string(size);
}
std::string chain_name(ChainNumber chain, std::uint64_t n) {
  return "chain row " + std::to_string(chain.value) + "/" + std::to_string(n);
}
std::string heads_name(HeadRowId id) {
  return "chain heads " + std::to_string(id.level) + "/" + std::to_string(id.index);
}

// Walks the ledger once. Each step fails only if the engine does; damage becomes a finding.
class Walk {
 public:
  Walk(const ReadTransaction& txn, const Ledger& ledger, std::string_view origin,
       const vault::crypto::VerifyKey& log_key)
      : txn_(txn), ledger_(ledger), tables_(ledger.tables()), origin_(origin), log_key_(log_key) {}

  Result<LedgerReport> run() {
    TRY_VOID(judge_right_edge());
    TRY_VOID(checkpoint_of(0));
    TRY_VOID(each_row(tables_.envelopes, [this](KeyValue row) { return entry(row); }));
    TRY_VOID(end_of_ledger());
    TRY_VOID(chain_heads());
    TRY_VOID(rows_of_no_entry());
    report_.size = TreeSize{next_};
    if (report_.is_sound()) report_.root = recomputed_root();
    return std::move(report_);
  }

 private:
  void find(std::string value, std::string_view problem, Errc code = Errc::tampered) {
    if (report_.findings.size() == kMaxFindings) {
      ++report_.more_findings;
    } else {
      report_.findings.push_back({std::move(value), code, std::string(problem)});
    }
  }

  Result<void> each_row(vault::engine::Table table, const std::function<Result<void>(KeyValue)>& visit) {
    Result<void> outcome;
    TRY_VOID(txn_.scan(table, {}, {}, [&](KeyValue row) {
      outcome = visit(row);
      return outcome.has_value();
    }));
    return outcome;
  }

  // --- entries ------------------------------------------------------------------------------------------------------

  Result<void> entry(KeyValue row) {
    const auto key = read_number(row.key);
    if (!key || *key > kMaxSeq) {
      find("envelope under the key " + vault::hex(row.key), "no entry has that number");
      return {};
    }
    const std::uint64_t seq = *key;
    TRY_VOID(missing_entries(seq));
    next_ = seq + 1;
    TRY(const bool is_leaf, add_leaf(seq, leaf_hash(row.value)));
    const auto envelope = decode_envelope(row.value);
    if (!is_leaf) {
      find(envelope_name(seq), "is not the leaf that the tree has");
    } else if (!envelope) {
      find(envelope_name(seq), envelope.error().message, envelope.code());
    } else if (envelope->seq.value != seq) {
      find(envelope_name(seq), "is in the place of another entry");
    } else {
      TRY_VOID(place_in_time_and_chain(*envelope, leaf_hash(row.value)));
      TRY_VOID(body_of(seq, &*envelope));
      return checkpoint_of(next_);
    }
    heads_are_lost_ = true;
    TRY_VOID(body_of(seq, nullptr));  // without a sound envelope nobody knows which body is right
    return checkpoint_of(next_);
  }

  Result<void> missing_entries(std::uint64_t seq) {
    if (seq == next_) return {};
    heads_are_lost_ = true;
    find(seq == next_ + 1 ? envelope_name(next_)
                          : "envelopes of entries " + std::to_string(next_) + " to " + std::to_string(seq - 1),
         "missing", Errc::not_found);
    // If the hashes of these leaves are still there, the rest of the tree can be checked.
    for (; next_ < seq && !tree_is_lost_; ++next_) {
      TRY(const auto leaf, stored_node(NodeId{0, next_}));
      if (!leaf) {
        find("tree node " + to_string(NodeId{0, next_}), "missing: nothing after it can be recomputed",
             Errc::not_found);
        tree_is_lost_ = true;
        break;
      }
      TRY_VOID(add_leaf(next_, *leaf));
      TRY_VOID(body_of(next_, nullptr));
      TRY_VOID(checkpoint_of(next_ + 1));
    }
    return {};
  }

  Result<void> place_in_time_and_chain(const Envelope& envelope, const Digest& leaf) {
    const std::uint64_t seq = envelope.seq.value;
    if (envelope.time < last_time_) find(envelope_name(seq), "is older than the entry before it");
    last_time_ = std::max(last_time_, envelope.time);
    // Without every entry before it, nobody can tell what an envelope's place and heads should be.
    if (!heads_are_lost_) {
      if (const auto derived = heads_.next(envelope, leaf); !derived) {
        find(envelope_name(seq), derived.error().message);
        heads_are_lost_ = true;
      }
    }
    TRY(const auto sealed, txn_.get(tables_.chains.table(), chain_row(envelope.chain, envelope.n)));
    const std::string name = chain_name(envelope.chain, envelope.n);
    if (!sealed) {
      find(name, "missing", Errc::not_found);
      return {};
    }
    ++chain_rows_;
    const auto row = tables_.chains.get(txn_, chain_row(envelope.chain, envelope.n));
    if (!row) {
      find(name, row.error().message, row.code());
    } else if (const auto number = read_number(**row); !number || *number != seq) {
      find(name, "does not lead to entry " + std::to_string(seq));
    }
    return {};
  }

  // Checks a body, and compares it with its envelope unless that is null.
  Result<void> body_of(std::uint64_t seq, const Envelope* envelope) {
    TRY(const auto sealed, txn_.get(tables_.bodies.table(), number_row(seq)));
    if (!sealed) {
      find(body_name(seq), "missing", Errc::not_found);
      return {};
    }
    ++bodies_;
    const auto body = tables_.bodies.get(txn_, number_row(seq));
    if (!body) {
      find(body_name(seq), body.error().message, body.code());
    } else if (envelope != nullptr && !verify_body(*envelope, **body)) {
      find(body_name(seq), "is not the one that the envelope binds");
    }
    return {};
  }

  // --- the tree -----------------------------------------------------------------------------------------------------

  // Empty optional for a row that is absent or has the wrong size.
  Result<std::optional<Digest>> stored_node(NodeId id) const {
    TRY(const auto row, txn_.get(tables_.tree, node_row(id)));
    if (!row) return std::optional<Digest>();
    const auto hash = to_digest(*row);
    return hash ? std::optional(*hash) : std::optional<Digest>();
  }

  // Finds out whether the stored nodes lead to the root that was signed for the whole ledger. This decides which side
  // is wrong if a node of the right edge differs from the nodes below it, since no node above covers the right edge.
  Result<void> judge_right_edge() {
    const auto size = ledger_.size(txn_);
    if (!size) return {};  // the walk reports it
    const auto checkpoint = ledger_.checkpoint_at(txn_, *size);
    if (!checkpoint || !*checkpoint) return {};
    const auto root = ledger_.root(txn_, *size);
    right_edge_is_signed_ = root && *root == (*checkpoint)->checkpoint.root;
    return {};
  }

  // Returns true if the node that is stored above agrees with `stored`.
  Result<bool> compare_with_above(NodeId id, const Digest& stored) const {
    const NodeId parent{static_cast<std::uint8_t>(id.level + 1), id.index >> 1};
    TRY(const auto above, stored_node(parent));
    TRY(const auto sibling, stored_node(NodeId{id.level, id.index ^ 1}));
    if (!above || !sibling) return right_edge_is_signed_;
    return *above == ((id.index & 1) != 0 ? node_hash(*sibling, stored) : node_hash(stored, *sibling));
  }

  struct Settled {
    Digest hash;               // the walk continues with this
    bool fault_below = false;  // the stored node is right, and the nodes below it are wrong
  };
  // Compares a recomputed node with its row. If they differ, the check continues with the side that the nodes above
  // confirm, so that one altered value makes one finding.
  Result<Settled> settle(NodeId id, const Digest& computed) {
    TRY(const auto row, txn_.get(tables_.tree, node_row(id)));
    const std::string name = "tree node " + to_string(id);
    if (!row) {
      find(name, "missing", Errc::not_found);
      return Settled{computed};
    }
    ++nodes_;
    const auto stored = to_digest(*row);
    if (stored && *stored == computed) return Settled{computed};
    if (stored) {
      TRY(const bool confirmed, compare_with_above(id, *stored));
      if (confirmed) return Settled{*stored, true};
    }
    find(name, "is not the hash of the nodes below it");
    return Settled{computed};
  }

  // Adds a leaf to the recomputed tree. Returns false if the stored tree has another leaf there.
  Result<bool> add_leaf(std::uint64_t seq, const Digest& leaf) {
    if (tree_is_lost_) return true;
    NodeId id{0, seq};
    TRY(Settled settled, settle(id, leaf));
    const bool is_leaf = !settled.fault_below;
    while ((id.index & 1) != 0) {
      const Digest computed = node_hash(perfect_.back(), settled.hash);
      perfect_.pop_back();
      id = NodeId{static_cast<std::uint8_t>(id.level + 1), id.index >> 1};
      TRY(settled, settle(id, computed));
      if (settled.fault_below) find("tree node " + to_string(id), "is not the hash of the nodes below it");
    }
    perfect_.push_back(settled.hash);
    return is_leaf;
  }

  Digest recomputed_root() const {
    if (perfect_.empty()) return empty_root();
    Digest hash = perfect_.back();
    for (std::size_t i = perfect_.size() - 1; i-- > 0;) hash = node_hash(perfect_[i], hash);
    return hash;
  }

  // --- chain heads --------------------------------------------------------------------------------------------------

  Result<void> chain_heads() {
    if (heads_are_lost_) return {};
    for (const auto& [id, row] : heads_.rows().rows()) {
      TRY(const auto stored, txn_.get(tables_.heads, heads_row(id)));
      if (!stored) {
        find(heads_name(id), "missing", Errc::not_found);
      } else if (!std::ranges::equal(*stored, std::as_bytes(std::span(row)))) {
        find(heads_name(id), "are not those of the entries");
      }
    }
    TRY(const std::uint64_t stored, txn_.count(tables_.heads));
    if (stored > heads_.rows().rows().size()) find("chain heads", "there are more of them than the chains need");
    return {};
  }

  // --- checkpoints --------------------------------------------------------------------------------------------------

  Result<void> checkpoint_of(std::uint64_t size) {
    TRY(const auto sealed, txn_.get(tables_.checkpoints.table(), number_row(size)));
    if (!sealed) return {};
    ++report_.checkpoints;
    const auto note = tables_.checkpoints.get(txn_, number_row(size));
    if (!note) {
      find(checkpoint_name(size), note.error().message, note.code());
      return {};
    }
    const auto checkpoint = verify_checkpoint(vault::as_text(**note), origin_, log_key_);
    if (!checkpoint) {
      find(checkpoint_name(size), checkpoint.error().message, checkpoint.code());
    } else if (checkpoint->checkpoint.size.value != size) {
      find(checkpoint_name(size), "states another size");
    } else if (!tree_is_lost_ && checkpoint->checkpoint.root != recomputed_root()) {
      find(checkpoint_name(size), "has another root than the entries");
    }
    return {};
  }

  Result<void> end_of_ledger() {
    if (next_ == 0) return {};
    TRY(const auto last, txn_.get(tables_.checkpoints.table(), number_row(next_)));
    if (!last) find(checkpoint_name(next_), "missing: the last entries are not signed", Errc::not_found);
    return {};
  }

  // --- rows that should not be there --------------------------------------------------------------------------------

  Result<void> rows_of_no_entry() {
    // The walk has counted the rows to which an entry leads. A table is read again only if it has more rows than that,
    // so a sound ledger is read only once.
    TRY(const std::uint64_t checkpoints, tables_.checkpoints.count(txn_));
    if (checkpoints != report_.checkpoints) {
      TRY_VOID(each_row(tables_.checkpoints.table(), [this](KeyValue row) -> Result<void> {
        const auto size = read_number(row.key);
        if (!size) {
          find("checkpoint under the key " + vault::hex(row.key), "no checkpoint has that size");
        } else if (*size > next_) {
          find(checkpoint_name(*size), "covers entries that are missing");
        }
        return {};
      }));
    }
    TRY(const std::uint64_t bodies, tables_.bodies.count(txn_));
    if (bodies != bodies_) {
      TRY_VOID(each_row(tables_.bodies.table(), [this](KeyValue row) -> Result<void> {
        const auto seq = read_number(row.key);
        if (!seq) {
          find("body under the key " + vault::hex(row.key), "belongs to no entry");
        } else if (*seq >= next_) {
          find(body_name(*seq), "belongs to no entry");
        }
        return {};
      }));
    }
    TRY(const std::uint64_t nodes, txn_.count(tables_.tree));
    if (nodes != nodes_) {
      TRY_VOID(each_row(tables_.tree, [this](KeyValue row) -> Result<void> {
        const auto id = read_node(row.key);
        if (!id) {
          find("tree node under the key " + vault::hex(row.key), "belongs to no entry");
        } else if (id->level >= 64 || id->index >= next_ >> id->level) {
          find("tree node " + to_string(*id), "belongs to no entry");
        }
        return {};
      }));
    }
    TRY(const std::uint64_t chains, tables_.chains.count(txn_));
    if (chains != chain_rows_) {
      TRY_VOID(each_row(tables_.chains.table(), [this](KeyValue row) { return chain_row_of_entry(row); }));
    }
    return {};
  }

  // Reports a row to which no entry leads. The other rows were compared during the walk.
  Result<void> chain_row_of_entry(KeyValue row) {
    const auto key = read_chain_row(row.key);
    if (!key) {
      find("chain row under the key " + vault::hex(row.key), "belongs to no entry");
      return {};
    }
    const auto value = tables_.chains.get(txn_, row.key);
    const auto seq = value ? read_number(**value) : Result<std::uint64_t>(Errc::tampered, "does not open");
    if (seq && *seq < next_) {
      TRY(const auto bytes, txn_.get(tables_.envelopes, number_row(*seq)));
      const auto envelope = bytes ? decode_envelope(*bytes) : Result<Envelope>(Errc::not_found, "missing");
      if (!envelope) return {};  // the walk has reported the envelope
      if (envelope->chain == key->chain && envelope->n == key->n) return {};
      TRY(const auto leaf, stored_node(NodeId{0, *seq}));
      if (leaf != leaf_hash(*bytes)) return {};  // the same
    }
    find(chain_name(key->chain, key->n), "belongs to no entry");
    return {};
  }

  const ReadTransaction& txn_;
  const Ledger& ledger_;
  const LedgerTables& tables_;
  std::string_view origin_;
  const vault::crypto::VerifyKey& log_key_;

  LedgerReport report_;
  std::uint64_t next_ = 0;  // the number that the next entry should have
  vault::Instant last_time_;
  std::vector<Digest> perfect_;  // as in Frontier, from the hashes with which the walk continues
  bool tree_is_lost_ = false;
  bool right_edge_is_signed_ = false;
  HeadsVerifier heads_;
  bool heads_are_lost_ = false;  // an entry was wrong, so the heads after it cannot be derived
  std::uint64_t bodies_ = 0, nodes_ = 0, chain_rows_ = 0;  // rows to which entries have led
};

}  // namespace

Result<LedgerReport> check_ledger(const ReadTransaction& txn, const Ledger& ledger, std::string_view origin,
                                  const vault::crypto::VerifyKey& log_key) {
  return Walk(txn, ledger, origin, log_key).run();
}

}  // namespace audit
