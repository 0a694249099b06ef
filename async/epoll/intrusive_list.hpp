// Intrusive list: the links live in the elements, so insertion never allocates and cannot fail.
#pragma once

#include <utility>

namespace revecho::async {

/// Base of an element. It leaves its list when it is destroyed.
class list_hook {
 public:
  list_hook() noexcept = default;
  list_hook(const list_hook&) = delete;
  list_hook& operator=(const list_hook&) = delete;
  ~list_hook() { unlink(); }

  bool is_linked() const noexcept { return next_ != this; }

  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  template <class>
  friend class intrusive_list;

  list_hook* previous_ = this;
  list_hook* next_ = this;
};

/// Elements are of type T, which derives from list_hook. An element is in one list at most.
template <class T>
class intrusive_list {
 public:
  bool empty() const noexcept { return !ends_.is_linked(); }

  /// Precondition: not empty.
  T& front() const noexcept { return static_cast<T&>(*ends_.next_); }

  /// Takes the element out of whatever list it is in.
  void push_back(T& element) noexcept {
    list_hook& hook = element;
    hook.unlink();
    hook.previous_ = ends_.previous_;
    hook.next_ = &ends_;
    ends_.previous_->next_ = &hook;
    ends_.previous_ = &hook;
  }

  /// Appends all elements of the other list, which is empty then.
  void take_all(intrusive_list& other) noexcept {
    while (!other.empty())
      push_back(other.front());
  }

  /// Calls function(element) for each element. The function may move that element to another list.
  template <class Function>
  void for_each(Function function) {
    for (list_hook *hook = ends_.next_, *next = nullptr; hook != &ends_; hook = next) {
      next = hook->next_;
      function(static_cast<T&>(*hook));
    }
  }

 private:
  list_hook ends_; // before the first element, and after the last
};

} // namespace revecho::async
