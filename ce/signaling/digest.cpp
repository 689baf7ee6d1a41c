#include "ce/signaling/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>
#include <string>

namespace forces::signaling {
namespace {

struct Free {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// One context for each algorithm and thread: fetching one costs more than the digest of a message.
std::unique_ptr<EVP_MAC_CTX, Free> context_of(std::string digest) {
  const std::unique_ptr<EVP_MAC, Free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  std::unique_ptr<EVP_MAC_CTX, Free> context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
  if (!context) return nullptr;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(context.get(), params) != 1) return nullptr;
  return context;
}

const unsigned char* bytes(wire::Bytes octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}

}  // namespace

std::vector<std::byte> hmac(engine::Digest digest, wire::Bytes secret,
                            std::span<const wire::Bytes> parts) {
  thread_local const auto kMd5 = context_of("MD5");
  thread_local const auto kSha1 = context_of("SHA1");
  EVP_MAC_CTX* const context = (digest == engine::Digest::HmacMd5 ? kMd5 : kSha1).get();
  static constexpr unsigned char kNothing = 0;  // a key of no octets is one all the same
  const unsigned char* const key = secret.empty() ? &kNothing : bytes(secret);
  if (context == nullptr || EVP_MAC_init(context, key, secret.size(), nullptr) != 1) return {};
  for (const wire::Bytes part : parts) {
    if (EVP_MAC_update(context, bytes(part), part.size()) != 1) return {};
  }
  std::vector<std::byte> out(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) !=
      1) {
    return {};
  }
  out.resize(size);
  return out;
}

}  // namespace forces::signaling
