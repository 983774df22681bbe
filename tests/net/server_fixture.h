// A server on a free port of 127.0.0.1, over TLS with a certificate of its own or plain, and a client for each.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "net/asio.h"
#include "net/server.h"

namespace net::test {

enum class Over { tls, plain };

struct TestIdentity {
  std::string certificate;
  std::string key;
  std::string public_key;  // DER of SubjectPublicKeyInfo
};

inline std::string take_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

inline TestIdentity make_identity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_sign(certificate, key, EVP_sha256());
  TestIdentity identity;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  identity.certificate = take_bio(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  identity.key = take_bio(bio);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  identity.public_key.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

inline const TestIdentity& identity() {
  static const TestIdentity made = make_identity();
  return made;
}

struct Running {
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

inline Running start(Router router, ServerOptions options = {}, Over over = Over::tls) {
  if (options.threads == 0) options.threads = 2;
  Running running;
  if (over == Over::plain) {
    running.server = Server::make_plain(std::move(router), std::move(options));
  } else {
    auto server = Server::make_tls(std::move(router), {identity().certificate, identity().key}, std::move(options));
    EXPECT_TRUE(server) << server.error().message;
    running.server = *std::move(server);
  }
  const auto port = running.server->listen("127.0.0.1", 0);
  EXPECT_TRUE(port);
  running.port = *port;
  return running;
}

// Whether the condition becomes true within ten seconds.
template <class Condition>
bool eventually(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Answer {
  unsigned status = 0;
  std::string head;  // status line and fields
  std::string body;
  bool whole = false;  // has all the bytes that Content-Length announces
};

// How a client over TLS differs from the usual one.
struct TlsChoices {
  int max_version = TLS1_3_VERSION;
  SSL_SESSION* session = nullptr;
  const char* group = nullptr;
};

class Client {
 public:
  explicit Client(std::uint16_t port, Over over = Over::tls) : Client(port, over, {}) {}
  Client(std::uint16_t port, const TlsChoices& choices) : Client(port, Over::tls, choices) {}

  // After the handshake, if there is one. A plain client is connected even if the server then closes the connection.
  bool connected() const { return connected_; }
  SSL* native() { return tls_->native_handle(); }
  Tcp::socket& socket() { return socket_; }
  // The error of the last read that failed: eof if the server closed the connection in order.
  ErrorCode end() const { return end_; }
  bool send(std::string_view bytes) {
    ErrorCode error;
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    if (tls_)
      asio::write(*tls_, buffer, error);
    else
      asio::write(socket_, buffer, error);
    return !error;
  }
  // Says that nothing more will be sent.
  void finish() {
    ErrorCode ignored;
    if (tls_) SSL_shutdown(native());
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  }
  Answer ask(std::string_view bytes, bool head_only = false) {
    send(bytes);
    return receive(head_only);
  }
  // One answer. Its `status` is 0 if the connection ended before the header was complete.
  Answer receive(bool head_only = false) {
    Answer answer;
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return answer;
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = static_cast<unsigned>(std::stoul(answer.head.substr(9, 3)));
    const std::size_t at = answer.head.find("Content-Length: ");
    const std::size_t length = at == std::string::npos || head_only ? 0 : std::stoul(answer.head.substr(at + 16));
    while (buffer_.size() < length && more()) {
    }
    answer.whole = buffer_.size() >= length;
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }
  // Everything that comes until the server closes.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(buffer_, {});
  }
  std::size_t read_some(std::span<char> into) {
    ErrorCode error;
    const auto buffer = asio::buffer(into.data(), into.size());
    const std::size_t size = tls_ ? tls_->read_some(buffer, error) : socket_.read_some(buffer, error);
    if (error) end_ = error;
    return size;
  }

 private:
  Client(std::uint16_t port, Over over, const TlsChoices& choices) {
    ErrorCode error;
    socket_.connect({asio::ip::make_address("127.0.0.1"), port}, error);
    if (over == Over::tls) {
      tls_.emplace(socket_, context_of_tls_);
      SSL_set_max_proto_version(native(), choices.max_version);
      if (choices.group != nullptr) SSL_set1_groups_list(native(), choices.group);
      if (choices.session != nullptr) SSL_set_session(native(), choices.session);
      if (!error) tls_->handshake(asio::ssl::stream_base::client, error);
    }
    connected_ = !error;
  }
  bool more() {
    char chunk[65536];
    const std::size_t size = read_some(chunk);
    buffer_.append(chunk, size);
    return size > 0;
  }
  asio::io_context context_;
  asio::ssl::context context_of_tls_{asio::ssl::context::tls_client};
  Tcp::socket socket_{context_};
  std::optional<TlsStream> tls_;
  std::string buffer_;
  ErrorCode end_;
  bool connected_ = false;
};

// The client's side of a TLS handshake, without a socket.
struct Handshake {
  Handshake() {
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl.get());
  }
  // Takes the server's bytes and returns the client's next ones.
  std::string step(std::string_view heard = {}) {
    BIO_write(SSL_get_rbio(ssl.get()), heard.data(), static_cast<int>(heard.size()));
    SSL_do_handshake(ssl.get());
    std::string said(BIO_ctrl_pending(SSL_get_wbio(ssl.get())), '\0');
    BIO_read(SSL_get_wbio(ssl.get()), said.data(), static_cast<int>(said.size()));
    return said;
  }
  asio::ssl::context context{asio::ssl::context::tls_client};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{SSL_new(context.native_handle()), &SSL_free};
};

}  // namespace net::test
