// A link with a long way: two network devices, one here and one in a network namespace of this
// program's own, between which every packet travels for a given time and meets no other limit. What
// runs in the namespace is reached over real TCP with that latency: handshake, slow start and
// windows included. The kernel's netem does the same but is not in every kernel. Packets stay as
// large as the kernel hands them over (segmentation and checksums are left to devices that don't
// exist), so that the way costs little.
//
// delay MICROSECONDS NEAR FAR: names of the two devices. Prints "ready" when both exist; the
// namespace is /proc/PID/ns/net; all of it ends with the process, which ends with its standard
// input.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t packet_size_max = 66 * 1024;
// Room for 10 ms at 1.6 GB/s; when it is full, packets wait in the device. No more, for the caches'
// sake.
constexpr std::size_t ring_size = 16 * 1024 * 1024;
constexpr int burst = 64;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "delay: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

long long now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// A device of packets in the namespace that the thread is in; gone when it is closed.
int open_device(const std::string& name) {
  const int device = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (::ioctl(device, TUNSETIFF, &request) != 0) fail("TUNSETIFF");
  if (::ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0) fail("TUNSETOFFLOAD");
  return device;
}

// One direction: a queue of packets, each with the time at which it arrives.
class Way {
 public:
  Way(int from, int to, long long delay_ns) : from_(from), to_(to), delay_ns_(delay_ns) {}

  void run() {
    ::prctl(PR_SET_TIMERSLACK, 1000);
    // Busy cores must not lengthen the way; where this is not allowed, they do a little.
    const sched_param urgent{.sched_priority = 1};
    (void)::sched_setscheduler(0, SCHED_FIFO, &urgent);
    while (true) {
      deliver();
      take();
      wait();
    }
  }

 private:
  struct Packet {
    std::size_t offset;
    std::size_t size;
    long long due_ns;
  };

  void deliver() {
    const long long now = now_ns();
    while (!packets_.empty() && packets_.front().due_ns <= now) {
      const Packet& packet = packets_.front();
      // What the device refuses is lost, as on any link; TCP sends it again.
      if (::write(to_, ring_.data() + packet.offset, packet.size) < 0 && errno == EBADFD) {
        fail("write");
      }
      packets_.pop_front();
    }
  }

  void take() {
    for (int i = 0; i < burst && make_room(); ++i) {
      const ssize_t size = ::read(from_, ring_.data() + end_, packet_size_max);
      if (size <= 0) {
        if (size < 0 && errno != EAGAIN && errno != EINTR && errno != EIO) fail("read");
        return;
      }
      packets_.push_back({end_, static_cast<std::size_t>(size), now_ns() + delay_ns_});
      end_ += static_cast<std::size_t>(size);
    }
  }

  // Whether a packet fits at end_, which wraps to the beginning of the ring.
  bool make_room() {
    if (packets_.empty()) end_ = 0;
    const std::size_t begin = packets_.empty() ? ring_size : packets_.front().offset;
    if (end_ <= begin) return begin - end_ > packet_size_max;
    if (ring_size - end_ >= packet_size_max) return true;
    if (begin <= packet_size_max) return false;
    end_ = 0;
    return true;
  }

  void wait() {
    pollfd watched{from_, static_cast<short>(make_room() ? POLLIN : 0), 0};
    if (packets_.empty()) {
      ::poll(&watched, 1, -1);
      return;
    }
    const long long left = packets_.front().due_ns - now_ns();
    if (left <= 0) return;
    const timespec pause{left / 1'000'000'000, left % 1'000'000'000};
    ::ppoll(&watched, 1, &pause, nullptr);
  }

  int from_;
  int to_;
  long long delay_ns_;
  std::vector<char> ring_ = std::vector<char>(ring_size);
  std::deque<Packet> packets_;
  std::size_t end_ = 0;
};

}  // namespace

int main(int count, char** words) {
  if (count != 4) {
    std::fprintf(stderr, "usage: delay MICROSECONDS NEAR FAR\n");
    return 2;
  }
  const long long delay_ns = std::atoll(words[1]) * 1000;
  const int near = open_device(words[2]);
  if (::unshare(CLONE_NEWNET) != 0) fail("unshare");
  const int far = open_device(words[3]);
  Way there(near, far, delay_ns);
  Way back(far, near, delay_ns);
  std::thread([&] { there.run(); }).detach();
  std::thread([&] { back.run(); }).detach();
  std::puts("ready");
  std::fflush(stdout);
  char ignored = 0;
  while (::read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  ::_exit(0);
}
