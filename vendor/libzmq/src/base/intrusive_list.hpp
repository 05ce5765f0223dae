// A list whose links are in the objects themselves: putting one in needs no memory, and one that ends takes itself out. It locks nothing.
#pragma once

namespace engine {

template <class Object>
class List;

// What an object that can be in a List derives from: one list at a time.
template <class Object>
class Listed
{
  public:
    Listed () noexcept = default;
    ~Listed () { unlist (); }
    Listed (const Listed &) = delete;
    Listed &operator= (const Listed &) = delete;

    bool listed () const noexcept { return next_ != this; }
    void unlist () noexcept
    {
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = this;
    }

  private:
    friend class List<Object>;

    void insert_before (Listed &place) noexcept
    {
        next_ = &place;
        previous_ = place.previous_;
        previous_->next_ = next_->previous_ = this;
    }

    Listed *next_ = this;
    Listed *previous_ = this;
};

template <class Object>
class List
{
  public:
    bool empty () const noexcept { return !head_.listed (); }
    // At the end; one that is in a list stays where it is.
    void add (Object &object) noexcept
    {
        Listed<Object> &link = object;
        if (!link.listed ())
            link.insert_before (head_);
    }
    // The first, which stays; null: there is none.
    Object *first () const noexcept { return empty () ? nullptr : static_cast<Object *> (head_.next_); }
    // The first; null: there is none.
    Object *take () noexcept
    {
        if (empty ())
            return nullptr;
        Listed<Object> *const first = head_.next_;
        first->unlist ();
        return static_cast<Object *> (first);
    }
    // Moves everything there is in the other here, to the empty one.
    void take_all (List &other) noexcept
    {
        if (other.empty ())
            return;
        head_.insert_before (other.head_);
        other.head_.unlist ();
    }

  private:
    Listed<Object> head_;
};

}  // namespace engine
