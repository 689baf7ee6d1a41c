#include "ce/app/app.hpp"
#include "tml/daemon/daemon.hpp"

int main(int argc, char** argv) {
  forces::ce::App app;
  return forces::daemon::run(app, argc, argv);
}
