// An engine that fails when a test says so: once, at the nth put (erase and clear count too) or at the nth commit.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "vault/engine/engine.h"

namespace vault::engine {

struct Fault {
  enum class At { put, commit };
  At at = At::put;
  std::uint64_t nth = 1;  // from 1, over all transactions
  Errc code = Errc::full;
  bool takes_effect = false;  // for Errc::io at a commit: whether it took effect, which the caller cannot know
};

class FaultyEngine final : public Engine {
 public:
  explicit FaultyEngine(std::unique_ptr<Engine> inner) : inner_(std::move(inner)) {}

  // Replaces the pending fault, and counts from now.
  void inject(Fault fault) {
    fault_ = fault;
    puts_ = commits_ = 0;
  }
  void heal() { fault_.reset(); }
  bool has_failed() const { return failed_; }
  std::uint64_t puts() const { return puts_; }  // since `inject`
  std::uint64_t commits() const { return commits_; }

  Result<Table> table(std::string_view name) override { return inner_->table(name); }
  Result<std::unique_ptr<ReadTransaction>> read() const override { return inner_->read(); }
  Result<std::unique_ptr<WriteTransaction>> write() override {
    TRY(auto txn, inner_->write());
    return std::make_unique<Write>(*this, std::move(txn));
  }

 private:
  class Write final : public WriteTransaction {
   public:
    Write(FaultyEngine& engine, std::unique_ptr<WriteTransaction> inner) : engine_(engine), inner_(std::move(inner)) {}
    Result<std::optional<ByteView>> get(Table table, ByteView key) const override { return inner_->get(table, key); }
    Result<std::optional<KeyValue>> seek(Table table, ByteView key) const override { return inner_->seek(table, key); }
    Result<std::optional<KeyValue>> seek_back(Table table, ByteView key) const override {
      return inner_->seek_back(table, key);
    }
    Result<std::uint64_t> count(Table table) const override { return inner_->count(table); }
    Result<void> put(Table table, ByteView key, ByteView value) override {
      TRY_VOID(engine_.next_put());
      return inner_->put(table, key, value);
    }
    Result<bool> erase(Table table, ByteView key) override {
      TRY_VOID(engine_.next_put());
      return inner_->erase(table, key);
    }
    Result<void> clear(Table table) override {
      TRY_VOID(engine_.next_put());
      return inner_->clear(table);
    }
    Result<void> commit() override {
      const auto fault = engine_.next_commit();
      if (!fault) return inner_->commit();
      if (fault->takes_effect) TRY_VOID(inner_->commit());
      inner_.reset();
      return Error{fault->code, "injected at a commit"};
    }

   private:
    FaultyEngine& engine_;
    std::unique_ptr<WriteTransaction> inner_;
  };

  std::optional<Fault> due(Fault::At at, std::uint64_t count) {
    if (!fault_ || fault_->at != at || fault_->nth != count) return std::nullopt;
    failed_ = true;
    return std::exchange(fault_, std::nullopt);
  }
  Result<void> next_put() {
    if (const auto fault = due(Fault::At::put, ++puts_)) return Error{fault->code, "injected at a put"};
    return {};
  }
  std::optional<Fault> next_commit() { return due(Fault::At::commit, ++commits_); }

  std::unique_ptr<Engine> inner_;
  std::optional<Fault> fault_;
  bool failed_ = false;
  std::uint64_t puts_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace vault::engine
