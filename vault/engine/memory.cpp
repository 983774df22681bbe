// The in-memory engine has one persistent treap for each table. A version is a vector of roots. Nodes are never changed
// once they are made, so a snapshot is a copy of the roots, and an abort forgets that copy. Priorities are hashes of
// the keys, so that the shape of a tree depends only on its contents.
#include <map>
#include <mutex>
#include <semaphore>
#include <utility>
#include <vector>

#include "vault/engine/engine.h"

namespace vault::engine {
namespace {

struct Entry {
  Bytes key;
  Bytes value;
  std::size_t priority;
};
using EntryPtr = std::shared_ptr<const Entry>;  // shared between versions

struct Node;
using Tree = std::shared_ptr<const Node>;  // shared between versions
struct Node {
  EntryPtr entry;
  Tree left;
  Tree right;
  std::uint64_t count;
};
using Version = std::vector<Tree>;  // one tree for each table

std::uint64_t count_of(const Tree& tree) {
  return tree ? tree->count : 0;
}

Tree make_node(EntryPtr entry, Tree left, Tree right) {
  const std::uint64_t count = 1 + count_of(left) + count_of(right);
  return std::make_shared<const Node>(std::move(entry), std::move(left), std::move(right), count);
}

Tree insert(const Tree& tree, const EntryPtr& entry) {
  if (!tree) return make_node(entry, nullptr, nullptr);
  if (key_less(entry->key, tree->entry->key)) {
    Tree left = insert(tree->left, entry);
    if (left->entry->priority <= tree->entry->priority) return make_node(tree->entry, std::move(left), tree->right);
    return make_node(left->entry, left->left, make_node(tree->entry, left->right, tree->right));
  }
  if (key_less(tree->entry->key, entry->key)) {
    Tree right = insert(tree->right, entry);
    if (right->entry->priority <= tree->entry->priority) return make_node(tree->entry, tree->left, std::move(right));
    return make_node(right->entry, make_node(tree->entry, tree->left, right->left), right->right);
  }
  return make_node(entry, tree->left, tree->right);
}

// Joins two trees. Every key of `left` must be less than every key of `right`.
Tree join(const Tree& left, const Tree& right) {
  if (!left) return right;
  if (!right) return left;
  if (left->entry->priority >= right->entry->priority)
    return make_node(left->entry, left->left, join(left->right, right));
  return make_node(right->entry, join(left, right->left), right->right);
}

// Returns the tree without `key`, which must be in it.
Tree without(const Tree& tree, ByteView key) {
  if (key_less(key, tree->entry->key)) return make_node(tree->entry, without(tree->left, key), tree->right);
  if (key_less(tree->entry->key, key)) return make_node(tree->entry, tree->left, without(tree->right, key));
  return join(tree->left, tree->right);
}

const Entry* first_not_less(const Node* node, ByteView key) {
  const Entry* best = nullptr;
  while (node != nullptr) {
    if (key_less(node->entry->key, key)) {
      node = node->right.get();
    } else {
      best = node->entry.get();
      node = node->left.get();
    }
  }
  return best;
}

const Entry* last_not_greater(const Node* node, ByteView key) {
  const Entry* best = nullptr;
  while (node != nullptr) {
    if (key_less(key, node->entry->key)) {
      node = node->left.get();
    } else {
      best = node->entry.get();
      node = node->right.get();
    }
  }
  return best;
}

const Entry* last(const Node* node) {
  while (node != nullptr && node->right) node = node->right.get();
  return node == nullptr ? nullptr : node->entry.get();
}

std::optional<KeyValue> pair_of(const Entry* entry) {
  if (entry == nullptr) return std::nullopt;
  return KeyValue{entry->key, entry->value};
}

struct State {
  std::mutex mutex;  // guards `version` and `tables`
  Version version;
  std::map<std::string, std::uint32_t, std::less<>> tables;
  std::binary_semaphore writer{1};
};

template <class Interface>
class Reading : public Interface {
 public:
  explicit Reading(Version version) : version_(std::move(version)) {}

  Result<std::optional<ByteView>> get(Table table, ByteView key) const override {
    TRY_VOID(check_key(key));
    const Entry* const found = first_not_less(tree(table).get(), key);
    if (found == nullptr || key_less(key, found->key)) return std::optional<ByteView>();
    return std::optional<ByteView>(found->value);
  }
  Result<std::optional<KeyValue>> seek(Table table, ByteView key) const override {
    TRY_VOID(check_seek_key(key));
    return pair_of(first_not_less(tree(table).get(), key));
  }
  Result<std::optional<KeyValue>> seek_back(Table table, ByteView key) const override {
    TRY_VOID(check_seek_key(key));
    return pair_of(key.empty() ? last(tree(table).get()) : last_not_greater(tree(table).get(), key));
  }
  Result<std::uint64_t> count(Table table) const override { return count_of(tree(table)); }

 protected:
  const Tree& tree(Table table) const {
    invariant(table.index < version_.size(), "the table is of this engine, made before the transaction");
    return version_[table.index];
  }
  Version version_;
};

class MemoryWrite final : public Reading<WriteTransaction> {
 public:
  MemoryWrite(State& state, Version version) : Reading(std::move(version)), state_(&state) {}
  ~MemoryWrite() override { end(); }

  Result<void> put(Table table, ByteView key, ByteView value) override {
    TRY_VOID(check_pair(key, value));
    const auto entry =
        std::make_shared<const Entry>(to_bytes(key), to_bytes(value), std::hash<std::string_view>{}(as_text(key)));
    version_[table.index] = insert(tree(table), entry);
    return {};
  }
  Result<bool> erase(Table table, ByteView key) override {
    TRY(const auto found, get(table, key));
    if (found) version_[table.index] = without(tree(table), to_bytes(key));
    return found.has_value();
  }
  Result<void> clear(Table table) override {
    tree(table);
    version_[table.index] = nullptr;
    return {};
  }
  Result<void> commit() override {
    invariant(state_ != nullptr, "a transaction commits once");
    {
      const std::lock_guard lock(state_->mutex);
      state_->version.swap(version_);
    }
    end();
    return {};
  }

 private:
  void end() {
    if (state_ != nullptr) std::exchange(state_, nullptr)->writer.release();
  }
  State* state_;  // null once over
};

class MemoryEngine final : public Engine {
 public:
  Result<Table> table(std::string_view name) override {
    TRY_VOID(check_table_name(name));
    const std::lock_guard lock(state_.mutex);
    if (const auto found = state_.tables.find(name); found != state_.tables.end()) return Table{found->second};
    if (state_.tables.size() == kMaxTables) return Error{Errc::too_large, "an engine has at most 128 tables"};
    const Table made{static_cast<std::uint32_t>(state_.version.size())};
    state_.version.emplace_back();
    state_.tables.emplace(name, made.index);
    return made;
  }
  Result<std::unique_ptr<ReadTransaction>> read() const override {
    return std::make_unique<Reading<ReadTransaction>>(current());
  }
  Result<std::unique_ptr<WriteTransaction>> write() override {
    state_.writer.acquire();
    return std::make_unique<MemoryWrite>(state_, current());
  }

 private:
  Version current() const {
    const std::lock_guard lock(state_.mutex);
    return state_.version;
  }
  mutable State state_;
};

}  // namespace

std::unique_ptr<Engine> make_memory_engine() {
  return std::make_unique<MemoryEngine>();
}

}  // namespace vault::engine
