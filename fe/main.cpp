#include "fe/app/app.hpp"
#include "tml/daemon/daemon.hpp"

int main(int argc, char** argv) {
  forces::fe::App app;
  return forces::daemon::run(app, argc, argv);
}
