// Lets a coroutine wait for a callback or for a blocking call. It keeps no thread while it waits, and then resumes on
// its own executor.
#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "vault/base/result.h"

namespace service {

namespace asio = boost::asio;

// Calls `start` with a callback, which must be called exactly once, from any thread. The coroutine's executor must live
// until then.
template <class T, class Start>
asio::awaitable<T> wait_for(Start start) {
  auto initiation = [start = std::move(start)](auto handler) mutable {
    using Handler = decltype(handler);
    auto executor = asio::get_associated_executor(handler);
    // Shared because std::function copies; the work guard keeps the executor running while nothing else is pending.
    struct Waiting {
      Handler handler;
      asio::executor_work_guard<decltype(executor)> work;
    };
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(handler), asio::make_work_guard(executor)});
    start([waiting](T value) {
      auto resume_on = waiting->work.get_executor();
      asio::post(resume_on, [waiting, value = std::move(value)]() mutable {
        Handler resume = std::move(waiting->handler);
        waiting->work.reset();
        std::move(resume)(std::move(value));
      });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(std::move(initiation),
                                                                                  asio::use_awaitable);
}

// Runs `call`, which returns a Result, on an executor other than the coroutine's. An exception becomes Errc::internal.
template <class Executor, class Call>
asio::awaitable<std::invoke_result_t<Call&>> run_by(Executor executor, Call call) {
  using T = std::invoke_result_t<Call&>;
  auto start = [executor, call = std::move(call)](auto done) mutable {
    asio::post(executor, [call = std::move(call), done = std::move(done)]() mutable {
      const auto contained = [&]() -> T {
        try {
          return call();
        } catch (const std::exception& error) {
          return vault::Error{vault::Errc::internal, error.what()};
        }
      };
      done(contained());
    });
  };
  co_return co_await wait_for<T>(std::move(start));
}
template <class Call>
asio::awaitable<std::invoke_result_t<Call&>> run_on(asio::thread_pool& pool, Call call) {
  return run_by(pool.get_executor(), std::move(call));
}

}  // namespace service
