#include "common/daemon/daemon.hpp"
#include "fe/app/app.hpp"

int main(int argc, char** argv) {
  forces::fe::App app;
  return forces::daemon::run(app, argc, argv);
}
