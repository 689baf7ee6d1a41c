// A throw-away CA and certificates, made with OpenSSL's library: P-256, SAN URIs of PL IDs.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace e2e {

class Pki {
 public:
  struct Files {
    std::string cert, key;
    long serial = 0;
  };

  Pki() {
    char name[] = "/tmp/forces-pki-XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
    dir_ = name;
    ca_key_ = EVP_EC_gen("P-256");
    ca_ = make("test CA", ca_key_, 1, 3600, "CA:TRUE", "");
    X509_sign(ca_, ca_key_, EVP_sha256());
    write(dir_ + "/ca.pem", ca_, nullptr);
  }
  ~Pki() {
    X509_free(ca_);
    EVP_PKEY_free(ca_key_);
    std::filesystem::remove_all(dir_);
  }
  Pki(const Pki&) = delete;
  Pki& operator=(const Pki&) = delete;

  std::string ca() const { return dir_ + "/ca.pem"; }
  // `san` as OpenSSL writes it: "URI:urn:forces:fe:2". `lifetime` in seconds from now, may be
  // negative.
  Files issue(const std::string& san, long lifetime = 3600) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    const long serial = ++serial_;
    X509* cert = make("peer", key, serial, lifetime, "CA:FALSE", san);
    X509_set_issuer_name(cert, X509_get_subject_name(ca_));
    X509_sign(cert, ca_key_, EVP_sha256());
    const std::string base = dir_ + "/" + std::to_string(serial);
    write(base + ".pem", cert, nullptr);
    write(base + ".key", nullptr, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    return {base + ".pem", base + ".key", serial};
  }
  Files fe(unsigned id) { return issue("URI:urn:forces:fe:" + std::to_string(id)); }
  Files ce(unsigned id) {
    return issue("URI:urn:forces:ce:" + std::to_string(id) + ",DNS:localhost");
  }

  // A CRL with these serials.
  std::string crl(std::initializer_list<long> serials) {
    X509_CRL* crl = X509_CRL_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca_));
    ASN1_TIME* when = X509_gmtime_adj(nullptr, -60);
    X509_CRL_set1_lastUpdate(crl, when);
    X509_gmtime_adj(when, 3600);
    X509_CRL_set1_nextUpdate(crl, when);
    X509_gmtime_adj(when, -60);
    for (const long serial : serials) {
      X509_REVOKED* entry = X509_REVOKED_new();
      ASN1_INTEGER* number = ASN1_INTEGER_new();
      ASN1_INTEGER_set(number, serial);
      X509_REVOKED_set_serialNumber(entry, number);
      X509_REVOKED_set_revocationDate(entry, when);
      X509_CRL_add0_revoked(crl, entry);
      ASN1_INTEGER_free(number);
    }
    X509_CRL_sort(crl);
    X509_CRL_sign(crl, ca_key_, EVP_sha256());
    const std::string path = dir_ + "/crl.pem";
    std::FILE* f = std::fopen(path.c_str(), "we");
    PEM_write_X509_CRL(f, crl);
    std::fclose(f);
    ASN1_TIME_free(when);
    X509_CRL_free(crl);
    return path;
  }

 private:
  static void extend(X509* cert, int nid, const char* value) {
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    if (e == nullptr) throw std::runtime_error(std::string("extension ") + value);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
  }
  static X509* make(const char* name, EVP_PKEY* key, long serial, long lifetime, const char* basic,
                    const std::string& san) {
    X509* cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -7200);
    X509_gmtime_adj(X509_getm_notAfter(cert), lifetime);
    X509_set_pubkey(cert, key);
    X509_NAME* subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    extend(cert, NID_basic_constraints, basic);
    if (!san.empty()) extend(cert, NID_subject_alt_name, san.c_str());
    return cert;
  }
  static void write(const std::string& path, X509* cert, EVP_PKEY* key) {
    std::FILE* f = std::fopen(path.c_str(), "we");
    if (f == nullptr) throw std::runtime_error(path);
    if (cert != nullptr) PEM_write_X509(f, cert);
    if (key != nullptr) PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(f);
  }

  std::string dir_;
  EVP_PKEY* ca_key_;
  X509* ca_;
  long serial_ = 100;
};

}  // namespace e2e
