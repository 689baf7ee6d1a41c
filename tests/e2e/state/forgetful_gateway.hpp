// Between a client and etcd: carries requests out, and may lose the answer. What it carried can be
// carried once more, as a request does that was long on its way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ce/state/etcd/client.hpp"

namespace e2e {

class ForgetfulGateway {
 public:
  explicit ForgetfulGateway(forces::state::etcd::ClientOptions to);
  ~ForgetfulGateway();
  ForgetfulGateway(const ForgetfulGateway&) = delete;
  ForgetfulGateway& operator=(const ForgetfulGateway&) = delete;

  [[nodiscard]] std::string address() const;
  void lose_answers(int count);  // of transactions
  [[nodiscard]] std::vector<std::string> transactions() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace e2e
