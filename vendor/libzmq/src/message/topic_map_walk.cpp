// A walk over a TopicMap's keys, in order.
#include "message/topic_map.hpp"

namespace engine {

using namespace topics;

std::string TopicMap::Walk::key () const
{
    const std::string_view rest = entry_ ? Entry (entry_).rest : std::string_view ();
    const bool below = entry_ && branch_;
    std::size_t size = rest.size () + below;
    for (const Branch *branch = branch_; branch; branch = branch->parent)
        size += branch->label_size + (branch->parent != nullptr);
    std::string key (size, '\0');
    const auto put = [&] (std::string_view piece) {
        size -= piece.size ();
        piece.copy (key.data () + size, piece.size ());
    };
    put (rest);
    if (below)
        key[--size] = static_cast<char> (byte_);
    for (const Branch *branch = branch_; branch; branch = branch->parent) {
        put (branch->label ());
        if (branch->parent)
            key[--size] = static_cast<char> (branch->byte);
    }
    return key;
}

void TopicMap::Walk::next () noexcept
{
    if (!entry_)
        return enter_child (0);
    entry_ = Entry (entry_).end ();
    if (entry_ == bucket_->end ())
        leave_bucket ();
}

void TopicMap::Walk::set_code (Code code) noexcept
{
    if (entry_)
        Entry (entry_).set_code (code);
    else
        branch_->code = code;
}

void TopicMap::Walk::erase () noexcept
{
    if (!entry_) {
        branch_->code = 0;
        return enter_child (0);
    }
    erase_from (*bucket_, entry_);
    if (entry_ == bucket_->end ())
        leave_bucket ();
}

// To the first key in the slot, or behind it. `branch_` is its branch.
void TopicMap::Walk::enter (Slot slot) noexcept
{
    bucket_ = slot.bucket ();
    entry_ = nullptr;
    if (bucket_ && bucket_->count > 0)
        entry_ = bucket_->begin ();
    else if (bucket_)
        leave_bucket ();
    else if ((branch_ = slot.branch ()) && !branch_->code)
        enter_child (0);
}

// To the first key in that child of the branch or behind it.
void TopicMap::Walk::enter_child (unsigned at) noexcept
{
    bucket_ = nullptr;
    entry_ = nullptr;
    for (;;) {
        while (at == branch_->count) {
            const Branch &done = *branch_;
            branch_ = done.parent;
            if (!branch_)
                return;
            at = branch_->position (done.byte) + 1;
        }
        const Slot slot = branch_->slots ()[at];
        byte_ = branch_->keys ()[at];
        if (Branch *const lower = slot.branch ()) {
            branch_ = lower;
            if (lower->code)
                return;
            at = 0;
        } else if (slot.bucket ()->count > 0) {
            bucket_ = slot.bucket ();
            entry_ = bucket_->begin ();
            return;
        } else {
            ++at;
        }
    }
}

void TopicMap::Walk::leave_bucket () noexcept
{
    bucket_ = nullptr;
    entry_ = nullptr;
    if (branch_)
        enter_child (branch_->position (byte_) + 1);
}

}  // namespace engine
