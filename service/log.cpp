#include "service/log.h"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"
#include "vault/base/time.h"

namespace service {

struct Log::Sink {
  spdlog::logger logger;

  void write(spdlog::level::level_enum level, std::string_view name, boost::json::object more) {
    boost::json::object line;
    line["time"] = vault::to_rfc3339(vault::system_clock()());
    line["level"] = level == spdlog::level::err ? "error" : "info";
    line["event"] = name;
    for (auto& [key, value] : more) line[key] = std::move(value);
    logger.log(level, "{}", boost::json::serialize(line));
  }
};

Log::Log(To to) {
  spdlog::sink_ptr out;
  if (to == To::standard_error)
    out = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  else
    out = std::make_shared<spdlog::sinks::null_sink_mt>();
  sink_ = std::make_unique<Sink>(Sink{spdlog::logger("strongroomd", std::move(out))});
  sink_->logger.set_pattern("%v");
  sink_->logger.flush_on(spdlog::level::err);
}

Log::~Log() = default;

void Log::event(std::string_view name) {
  sink_->write(spdlog::level::info, name, {});
}

void Log::request(std::string_view route, const net::Completed& completed) {
  constexpr double kNanosecondsPerMillisecond = 1e6;
  sink_->write(spdlog::level::info, "request",
               {{"route", route},
                {"status", completed.status},
                {"ms", static_cast<double>(completed.took.count()) / kNanosecondsPerMillisecond},
                {"received", completed.received},
                {"sent", completed.sent}});
}

std::string Log::failure(std::string_view where, const vault::Error& error) {
  std::array<std::byte, 8> random;
  vault::fill_random(random);
  const std::string id = vault::hex(random);
  sink_->write(spdlog::level::err, "failure",
               {{"id", id}, {"where", where}, {"code", vault::to_string(error.code)}, {"message", error.message}});
  return id;
}

}  // namespace service
