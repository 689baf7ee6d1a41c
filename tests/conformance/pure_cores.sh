#!/usr/bin/env bash
# pure_cores.sh BUILD-DIR: object files of codecs (proto/), of the FE model and of cores (tml/src/core, those of both
# associations, ce/provision, ce/routing, ce/signaling, ce/multicast, fe/lfb, fe/dataplane/optical, fe/multicast) may not know a clock, a socket or a thread: then
# the same code runs under a virtual clock, and any failure replays.
set -euo pipefail
build=${1:?usage: pure_cores.sh BUILD-DIR}
impure='clock::now\(|\b(clock_gettime|gettimeofday|time|nanosleep|usleep|sleep|getrandom)(@|$)'
impure+='|\b(socket|connect|accept4?|bind|listen|send|sendto|sendmsg|recv|recvfrom|recvmsg)(@|$)'
impure+='|\b(poll|ppoll|select|epoll_\w+|eventfd|timerfd_\w+)(@|$)'
impure+='|\b(pthread_create|fork|open|openat|fopen)(@|$)|std::thread|std::random_device|asio::|spdlog::'

cores=('*/forces_ason_connection.dir/*' '*/forces_ce_scsp.dir/*'
  '*/proto/CMakeFiles/*' '*/forces_model.dir/*' '*/forces_model_text.dir/*'
  '*/tml_core.dir/src/core/*' '*/forces_ce_association_core.dir/*'
  '*/forces_fe_association_core.dir/*' '*/forces_fe_lfb.dir/*' '*/forces_ce_routing_core.dir/*'
  '*/forces_ce_provision.dir/*' '*/forces_ce_signaling_rsvp.dir/*' '*/forces_ason_call.dir/*'
  '*/forces_ce_state_core.dir/*' '*/forces_signaling_te.dir/*' '*/forces_signaling_resource.dir/*'
  '*/forces_fe_optical.dir/*' '*/forces_fe_fabric_lfbs.dir/*' '*/forces_ce_mars.dir/*'
  '*/forces_fe_mars_client.dir/*' '*/forces_fe_multicast_edge.dir/*' '*/forces_fe_multicast_routes.dir/*'
  '*/forces_ce_multicast_forwarding.dir/*' '*/forces_ce_multicast_core.dir/*')

objects=0
bad=0
for core in "${cores[@]}"; do
  before=$objects
  while IFS= read -r -d '' object; do
    objects=$((objects + 1))
    found=$(nm --undefined-only --demangle "$object" | sed 's/^ *[UuwWvV] //' | grep -E "$impure" || true)
    [ -z "$found" ] || { printf '%s:\n%s\n' "${object#"$build"/}" "$found"; bad=1; }
  done < <(find "$build" -name '*.cpp.o' -path "$core" \
    -not -path '*/tests/*' -not -path '*/schema/*' -print0)
  [ "$objects" -gt "$before" ] || { echo "no object file of $core"; bad=1; }
done
[ "$objects" -gt 0 ] || { echo "skipped: no object files of cores below $build"; exit 77; }
echo "$objects object files looked at"
exit "$bad"
