// The BIO between OpenSSL and a socket that makes few and large system calls.
#pragma once

#include <openssl/bio.h>

#include <cstddef>
#include <cstdint>

#include "tests/bench/raw/link.hpp"

namespace forces::bench {

class Wire {
 public:
  explicit Wire(int fd);
  BIO* make_bio();  // the BIO must not outlive the Wire

  // False: the socket is full and some octets remain here.
  bool flush();
  bool holds_input() const { return in_begin_ != in_end_; }

 private:
  static BIO_METHOD* method();
  static int bio_write(BIO* bio, const char* data, int size);
  static int bio_read(BIO* bio, char* data, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);

  int fd_;
  PageBuffer out_;
  std::size_t out_begin_ = 0;
  std::size_t out_end_ = 0;
  PageBuffer in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
};

}  // namespace forces::bench
