// One simulation, of one seed: some contexts with a socket each, every one on a host of its own, which exchange messages over the simulated
// network while things go wrong; then nothing goes wrong any more, and they have to recover.
//
// Everything that happens is a step: a call of the engine's API, a stretch of one of its threads, or something on the network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actor.hpp"
#include "kernel.hpp"
#include "message.hpp"
#include "random.hpp"
#include "stranger.hpp"

namespace sim {

class World
{
  public:
    World (std::uint64_t seed, std::uint64_t steps);
    ~World ();
    World (const World &) = delete;
    World &operator= (const World &) = delete;

    void run ();
    std::uint64_t steps_done () const noexcept { return step_; }
    // Somebody waits for the engine's threads: lets the network and them go on.
    void wait_a_turn ();

  private:
    // ---- what is simulated ----
    void draw ();
    void set_up ();
    bool open (Actor &actor);
    void reopen (Actor &actor, bool suddenly);

    // ---- steps ----
    void step ();
    bool move_network ();
    bool move_way ();
    bool establish ();
    bool move_stranger ();
    bool run_thread ();
    void act (Actor &actor);
    void skip_time (std::int64_t most);
    std::int64_t next_deadline () const;
    void tidy ();

    // ---- what goes wrong ----
    void draw_wrongs ();
    void go_wrong ();
    Connection *any_connection ();
    void cut (Connection &connection);
    void truncate (Connection &connection, int side);
    void reset (Connection &connection);
    void half_open (Connection &connection);
    void call_by_stranger ();
    void kill (int host);
    void lose_tail (Way &way);

    // ---- afterwards ----
    void calm ();
    void recover ();
    void pump ();
    void settle ();
    void send_some ();
    template <class Visit>
    void visit_pairs (Visit &&visit);
    void check_all_arrived (Actor &sender, std::uint32_t from, const char *when);
    void check_strangers ();
    void check_agreement ();
    void end ();

    const std::uint64_t seed_;
    const std::uint64_t most_steps_;
    std::uint64_t step_ = 0;
    Random random_;
    Plan plan_;
    std::vector<std::unique_ptr<Actor>> actors_;
    std::vector<std::unique_ptr<Stranger>> strangers_;
    std::uint32_t stranger_count_ = 0;
    Ledger ledger_;
    bool gentle_ = false;       // nothing goes wrong that a message could be lost by
    std::uint32_t wrongs_ = 0;  // of Wrong: which may happen
    std::uint32_t wrong_every_ = 0;
    Kernel::Trouble trouble_;
    int fragmentation_ = 0;
    std::int64_t pace_ = 0;
    bool short_of_memory_ = false;  // the next call or thread is
    std::uint64_t idle_turns_ = 0;
};

extern World *world;

}  // namespace sim
