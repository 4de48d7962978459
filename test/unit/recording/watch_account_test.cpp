#include "async/entry_pair.hpp"
#include "common/routed_reader.hpp"
#include "recording/record_router.hpp"
#include "recording/subscriber.hpp"
#include "recording/watch_account.hpp"

#include <sctrace/loss_ledger.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/target.hpp>
#include <sctrace/watcher_options.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

using sctrace::test::seccomp_text;

namespace {

/// The part of a watcher in a hub.
struct part_of_watcher final : sctrace::detail::subscriber {
    sctrace::detail::watch_account& account;

    part_of_watcher(sctrace::detail::watch_account& reader, sctrace::target& whose,
                    sctrace::loss_ledger& losses)
        : subscriber(reader, whose, losses, selection::everything)
        , account(reader)
    {
    }

    void wake() override {}
    void take_calls() override { account.end_batch(); }
    void source_ended(boost::system::error_code) override {}
};

/// What a watcher makes of batches, without a source.
struct with_reader {
    sctrace::watcher_options options;
    sctrace::loss_ledger ledger;
    sctrace::target everybody;
    sctrace::detail::record_router router;
    sctrace::detail::watch_account reader{options, router.serials(), ledger};
    part_of_watcher part{reader, everybody, ledger};
    sctrace::record_batch batch{16, 16384};

    with_reader() { router.add(part); }

    void read_serials(std::initializer_list<std::uint64_t> serials, std::uint64_t overwritten = 0)
    {
        batch.clear();
        batch.losses().overwritten = overwritten;
        for (const std::uint64_t serial : serials) {
            const std::string text = seccomp_text(serial, 42, 0);
            std::copy(text.begin(), text.end(), batch.free_space().begin());
            batch.append(text.size(), {.text = std::string_view(batch.free_space().data(), text.size())});
        }
        sctrace::test::read_routed(router, batch);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(watcher_reader, with_reader)

BOOST_AUTO_TEST_CASE(a_reset_of_the_counter_of_lost_records_is_told_once_and_counting_goes_on)
{
    reader.saw_lost_counter(7);
    BOOST_TEST(reader.news().empty());
    BOOST_TEST(!ledger.counts().audit_lost.has_value());
    reader.saw_lost_counter(9);
    BOOST_TEST(reader.news() ==
               "records may be missing: 2 audit records were lost by the kernel before they were queued");
    reader.saw_lost_counter(0);
    BOOST_TEST(reader.news() == "records may be missing: the kernel's counter of lost records was reset");
    reader.saw_lost_counter(0);
    BOOST_TEST(reader.news().empty());
    reader.saw_lost_counter(1);
    BOOST_TEST(reader.news() ==
               "records may be missing: the kernel lost 1 audit record before it was queued");
    BOOST_TEST(ledger.counts().audit_lost.value_or(0) == 3U);
}

BOOST_AUTO_TEST_CASE(only_serials_that_have_not_been_told_missing_may_be_late)
{
    read_serials({10, 12});
    BOOST_TEST(reader.serials_may_be_late());
    BOOST_TEST(reader.news().empty());
    BOOST_TEST(reader.serials_may_be_late());
    BOOST_TEST(reader.news() == "records may be missing: 1 audit serial was never seen");
    BOOST_TEST(!reader.serials_may_be_late());
    read_serials({13, 15});
    BOOST_TEST(reader.serials_may_be_late());
    read_serials({14});
    BOOST_TEST(!reader.serials_may_be_late());
}

BOOST_AUTO_TEST_CASE(serials_that_another_loss_explains_are_not_late)
{
    read_serials({10, 12}, 1);
    BOOST_TEST(!reader.serials_may_be_late());
    static_cast<void>(reader.news());
    static_cast<void>(reader.news());
    read_serials({13, 15});
    BOOST_TEST(reader.serials_may_be_late());
}

BOOST_AUTO_TEST_SUITE_END()
