#ifndef SCTRACE_DETAIL_CHILD_OPS_HPP
#define SCTRACE_DETAIL_CHILD_OPS_HPP

#include <sctrace/launcher.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace sctrace::detail {

/// A started child as its handle shares it with the waits for it.
template <class Stream>
struct shared_child {
    shared_child(launcher started, Stream its_end)
        : process(std::move(started))
        , end(std::move(its_end))
    {
    }

    /// Empty once the handle has let go of the child.
    std::optional<launcher> process;
    /// A pidfd, which is readable from the end of the child on.
    Stream end;
    std::uint64_t cancels = 0;
};

/// Waits for a child's end.
template <class Stream>
class wait_child_op {
public:
    /// @p child is null when none has been started.
    explicit wait_child_op(std::shared_ptr<shared_child<Stream>> child) noexcept
        : child_(std::move(child))
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        if (started_) {
            complete(self);
            return;
        }
        started_ = true;
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (begin()) {
            // A handler never runs within the initiating function.
            boost::asio::post(std::move(self));
        } else {
            wait(self);
        }
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code waited)
    {
        ec_ = waited;
        if (!ec_ && child_->cancels != cancels_) {
            ec_ = boost::asio::error::operation_aborted;
        }
        if (ec_ || has_ended()) {
            complete(self);
        } else if (self.cancelled() != boost::asio::cancellation_type::none) {
            ec_ = boost::asio::error::operation_aborted;
            complete(self);
        } else {
            wait(self);
        }
    }

private:
    /// Whether there is something to complete with already.
    bool begin()
    {
        if (!child_ || !child_->process) {
            ec_ = make_error_code(boost::system::errc::no_child_process);
            return true;
        }
        cancels_ = child_->cancels;
        return has_ended();
    }

    bool has_ended()
    {
        status_ = child_->process->try_wait();
        return status_.has_value();
    }

    template <class Self>
    void wait(Self& self)
    {
        // The handler takes this object along.
        Stream& end = child_->end;
        end.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(self));
    }

    template <class Self>
    void complete(Self& self)
    {
        child_.reset();
        self.complete(ec_, status_.value_or(exit_status{}));
    }

    std::shared_ptr<shared_child<Stream>> child_;
    std::uint64_t cancels_ = 0;
    bool started_ = false;
    boost::system::error_code ec_;
    std::optional<exit_status> status_;
};

} // namespace sctrace::detail

#endif
