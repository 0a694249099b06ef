// A list whose places are parts of what is listed: to join and to leave it takes no memory and cannot fail. Knows
// nothing of what it lists.
#pragma once

namespace revecho {

/// A place in a circular list, which it leaves when it is destroyed. A list is a node that stands for nothing else.
class list_node {
 public:
  list_node() noexcept : previous_(this), next_(this) {}
  list_node(const list_node&) = delete;
  list_node& operator=(const list_node&) = delete;
  ~list_node() { leave(); }

  bool is_alone() const noexcept { return next_ == this; }
  list_node& next() const noexcept { return *next_; }

  void leave() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

  void append_to(list_node& list) noexcept {
    leave();
    previous_ = list.previous_;
    next_ = &list;
    previous_->next_ = list.previous_ = this;
  }

 private:
  list_node* previous_;
  list_node* next_;
};

} // namespace revecho
