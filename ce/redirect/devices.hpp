// What the kernel is told of TUN devices while they run: addresses, as the FE has them on its port,
// and that a carrier has changed.
//
// rtnetlink wants CAP_NET_ADMIN of the thread that sends, and waits. Capabilities are of a thread,
// and those of libtml have none once the daemon has dropped its privileges; so a thread of its own
// does it, made by who kept what [process] capabilities names.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ce/routing/address.hpp"

struct mnl_socket;

namespace forces::ce {

class Devices {
 public:
  using Addresses = std::set<routing::InterfaceAddress>;
  using Note = std::function<void(std::uint32_t fe_id, std::string text)>;

  Devices();
  ~Devices();
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;

  // In the network namespace of the devices. Not again when it was done.
  void open();
  // From now on it works; `note` is called by its thread, with what did not go.
  void start(Note note);
  void stop();

  // The device shall have these addresses; what somebody else gave it stays.
  void want(unsigned index, std::uint32_t fe_id, const std::string& name, Addresses addresses);
  void forget(unsigned index);
  void carrier_changed(unsigned index, bool up);
  // What it has by us.
  [[nodiscard]] Addresses given(unsigned index) const;

 private:
  struct Device {
    std::uint32_t fe_id = 0;
    std::string name;
    Addresses wanted, given;
    std::set<std::string> told;  // since the last change of what is wanted
    bool address_due = false, carrier_due = false, up = true;
  };
  class Kernel;

  void work();
  void apply(unsigned index, Device device, std::unique_lock<std::mutex>& lock);

  std::unique_ptr<Kernel> kernel_;  // of the thread, once it runs
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<unsigned, Device> devices_;
  Note note_;
  bool ending_ = false;
  std::thread thread_;
};

[[nodiscard]] std::string text_of(const routing::InterfaceAddress& address);

}  // namespace forces::ce
