using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Management;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Management;

public sealed class YarpApplyListenerTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Expect_YarpAppliesItWithResolvedDestinations_Succeeds()
    {
        // With a destination resolver YARP shows listeners a wrapper, which has another RevisionId.
        var listener = new YarpApplyListener(_time);
        var config = new YarpConfig([], []);
        var outcome = listener.Expect(config, CancellationToken.None);

        listener.ConfigurationApplied([new Wrapper(config)]);

        Assert.Null(await outcome.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Expect_YarpRefusesIt_GivesTheReason()
    {
        var listener = new YarpApplyListener(_time);
        var config = new YarpConfig([], []);
        var outcome = listener.Expect(config, CancellationToken.None);
        var reason = new InvalidOperationException("no");

        listener.ConfigurationApplyingFailed([config], reason);

        Assert.Same(reason, await outcome.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Expect_AnotherOneIsApplied_GoesOnWaitingUntilThePatienceEnds()
    {
        var listener = new YarpApplyListener(_time);
        var outcome = listener.Expect(new YarpConfig([], []), CancellationToken.None);

        // Of the same values: a reload that was under way when this one was published.
        listener.ConfigurationApplied([new Wrapper(new YarpConfig([], []))]);
        Assert.False(outcome.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.IsType<TimeoutException>(await outcome.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    private sealed class Wrapper(IProxyConfig inner) : IProxyConfig
    {
        public IReadOnlyList<RouteConfig> Routes => inner.Routes;

        public IReadOnlyList<ClusterConfig> Clusters { get; } = [];

        public IChangeToken ChangeToken => inner.ChangeToken;
    }
}
