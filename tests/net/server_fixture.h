// A server on a free port of loopback with a certificate of its own, and a client that speaks TLS and nothing else.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "net/asio.h"
#include "net/server.h"

namespace net::test {

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

inline Running start(Router router, ServerOptions options = {}) {
  options.certificate_pem = identity().certificate;
  options.key_pem = identity().key;
  if (options.threads == 0) options.threads = 2;
  auto server = Server::make(std::move(router), std::move(options));
  EXPECT_TRUE(server) << server.error().message;
  const auto port = (*server)->listen("127.0.0.1", 0);
  EXPECT_TRUE(port);
  return {*std::move(server), *port};
}

// Whether it holds within ten seconds.
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
  bool whole = false;  // as long as Content-Length says
};

class Client {
 public:
  explicit Client(std::uint16_t port, int max_version = TLS1_3_VERSION, SSL_SESSION* session = nullptr,
                  const char* group = nullptr)
      : tls_(asio::ssl::context::tls_client), stream_(context_, tls_) {
    SSL_set_max_proto_version(stream_.native_handle(), max_version);
    if (group != nullptr) SSL_set1_groups_list(stream_.native_handle(), group);
    if (session != nullptr) SSL_set_session(stream_.native_handle(), session);
    ErrorCode error;
    stream_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port}, error);
    if (!error) stream_.handshake(asio::ssl::stream_base::client, error);
    connected_ = !error;
  }
  bool connected() const { return connected_; }
  SSL* native() { return stream_.native_handle(); }
  Tcp::socket& socket() { return stream_.next_layer(); }
  bool send(std::string_view bytes) {
    ErrorCode error;
    asio::write(stream_, asio::buffer(bytes.data(), bytes.size()), error);
    return !error;
  }
  Answer ask(std::string_view bytes, bool head_only = false) {
    send(bytes);
    return receive(head_only);
  }
  // One answer; `status` 0 when the connection ended before its header did.
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
  // What comes until the other side closes.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(buffer_, {});
  }
  std::size_t read_some(std::span<char> into) {
    ErrorCode error;
    return stream_.read_some(asio::buffer(into.data(), into.size()), error);
  }

 private:
  bool more() {
    char chunk[65536];
    const std::size_t size = read_some(chunk);
    buffer_.append(chunk, size);
    return size > 0;
  }
  asio::io_context context_;
  asio::ssl::context tls_;
  asio::ssl::stream<Tcp::socket> stream_;
  std::string buffer_;
  bool connected_ = false;
};

}  // namespace net::test
