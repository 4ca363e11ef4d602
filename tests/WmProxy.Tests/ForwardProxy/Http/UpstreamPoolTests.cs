using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;
using WmProxy.ForwardProxy.Http;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.ForwardProxy.Http;

public sealed class UpstreamPoolTests : IDisposable
{
    private static readonly IPAddress Client = IPAddress.Parse("198.51.100.1");
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    private static readonly ForwardTarget Target = new("a.test", null, 80);
    private static readonly ForwardRule Rule = NewRule();

    private readonly CountingTimeProvider _time = new();
    private readonly UpstreamConnections _connections = new(descriptors: 1024);
    private readonly UpstreamPool _pool;
    private readonly UpstreamKey _key = new(new ForwardProxyState(), Rule, Target, null);

    public UpstreamPoolTests() => _pool = new UpstreamPool(_connections, _time);

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void TryTake_GivesTheLastOneFirst_EachOnce()
    {
        var all = Return(_key, 3);
        Assert.Equal(3, _pool.Count);
        Assert.All(all, connection => Assert.False(connection.IsReused));

        Assert.Equal([all[2], all[1], all[0], null], Enumerable.Range(0, 4).Select(_ => _pool.TryTake(_key, [Address])));
        Assert.All(all, connection => Assert.True(connection is { IsReused: true, Next: null } && !IsClosed(connection)));
        Assert.Equal(0, _pool.Count);
    }

    [Fact]
    public void TryTake_WhatWasGivenBackMeanwhile_GoesBeforeTheOthers()
    {
        var all = Return(_key, 2);
        var taken = _pool.TryTake(_key, [Address])!;
        var another = Return(_key, 1)[0];
        _pool.Return(taken);

        Assert.Equal([all[1], another, all[0], null], Enumerable.Range(0, 4).Select(_ => _pool.TryTake(_key, [Address])));
    }

    [Theory]
    [InlineData("proxy")]
    [InlineData("rule")]
    [InlineData("name")]
    [InlineData("port")]
    [InlineData("address")]
    [InlineData("home")]
    public void TryTake_WhatDiffersInAnyPartOfTheKey_IsNotGivenOut(string part)
    {
        var home = new object();
        var key = _key with { Home = home };
        var connection = Return(key, 1)[0];
        var other = part switch
        {
            "proxy" => key with { Proxy = new ForwardProxyState() },
            "rule" => key with { Rule = NewRule() },
            "name" => key with { Target = Target with { Host = "b.test" } },
            "port" => key with { Target = Target with { Port = 81 } },
            "address" => key with { Target = Target with { Address = Address } },
            _ => key with { Home = new object() },
        };

        Assert.Null(_pool.TryTake(other, [Address]));
        Assert.Same(connection, _pool.TryTake(new UpstreamKey(key.Proxy, key.Rule, new ForwardTarget("a.test", null, 80), home), [Address]));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.9,192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.9", false)]
    [InlineData("192.0.2.1", "", true)]
    [InlineData(null, "", true)]
    [InlineData(null, "192.0.2.1", false)]
    public void TryTake_OneToAnAddressThatTheNameHasNoMore_IsClosed(string? address, string addresses, bool isGiven)
    {
        var connection = Open(_key, address is null ? null : IPAddress.Parse(address));
        _pool.Return(connection);

        var taken = _pool.TryTake(_key, [.. addresses.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)]);

        Assert.Equal(isGiven ? connection : null, taken);
        Assert.Equal(!isGiven, IsClosed(connection));
    }

    [Fact]
    public void TryTake_OneWithInput_IsClosed_AndTheNextOneGiven()
    {
        var all = Return(_key, 3);
        StreamOf(all[2]).HasPendingInput = StreamOf(all[0]).HasPendingInput = true;

        Assert.Same(all[1], _pool.TryTake(_key, [Address]));
        Assert.Null(_pool.TryTake(_key, [Address]));
        Assert.Equal([true, false, true], all.Select(IsClosed));
        Assert.Equal(1, _connections.Count);
    }

    [Fact]
    public void Idle_ForTooLong_IsClosed_AndTheOthersStayInOrder()
    {
        var old = Return(_key, 1)[0];
        _time.Advance(TimeSpan.FromSeconds(8));
        var young = Return(_key, 2);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(3, _pool.Count);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal([true, false, false], ((UpstreamConnection[])[old, .. young]).Select(IsClosed));
        Assert.Equal([young[1], young[0], null], Enumerable.Range(0, 3).Select(_ => _pool.TryTake(_key, [Address])));
    }

    [Fact]
    public void Waiting_OneInTheMiddleWithInput_IsClosed_AndTheOthersStayInOrder()
    {
        var all = Return(_key, 3);
        StreamOf(all[1]).HasPendingInput = true;

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal([false, true, false], all.Select(IsClosed));
        Assert.Equal([all[2], all[0], null], Enumerable.Range(0, 3).Select(_ => _pool.TryTake(_key, [Address])));
    }

    [Fact]
    public void Lifetime_EndsWhileItWaits_OrWhenItIsGivenBack()
    {
        var (waiting, busy) = (Open(_key, Address), Open(_key, Address));
        for (var i = 0; i < 29; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            _pool.Return(waiting);
            Assert.Same(waiting, _pool.TryTake(_key, [Address]));
        }

        _time.Advance(TimeSpan.FromSeconds(8));
        _pool.Return(waiting);
        _time.Advance(TimeSpan.FromSeconds(2));
        _pool.Return(busy);

        Assert.True(IsClosed(waiting) && IsClosed(busy));
        Assert.Equal((0, 0), (_pool.Count, _connections.Count));
    }

    [Fact]
    public void Timer_RunsOnlyWhileAnyWait()
    {
        Assert.Equal(0, _time.Timers);
        for (var round = 0; round < 2; round++)
        {
            Return(_key, 1);
            Return(_key with { Home = this }, 1);
            Assert.Equal(1, _time.Timers);
            _pool.TryTake(_key, [Address])!.Dispose();
            _time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(1, _time.Timers);
            _time.Advance(TimeSpan.FromSeconds(16));
            Assert.Equal((0, 0), (_time.Timers, _pool.Count));
        }
    }

    [Fact]
    public void Return_WhereItsClientHasTooMany_Closes()
    {
        var places = Enumerable.Range(0, 63).Select(_ => _connections.Add(Client)).ToArray();

        Assert.True(IsClosed(Return(_key, 1)[0]));
        var ofAnother = Open(_key, Address, IPAddress.Parse("198.51.100.2"));
        _pool.Return(ofAnother);
        Assert.False(IsClosed(ofAnother));
        places[0].Dispose();
        Assert.False(IsClosed(Return(_key, 1)[0]));
        Assert.True(IsClosed(Return(_key, 1)[0]));
        Assert.Equal(2, _pool.Count);
    }

    [Fact]
    public void Dispose_ClosesAll_AndWhatIsGivenBackLater()
    {
        UpstreamConnection[] all = [.. Return(_key, 2), .. Return(_key with { Home = this }, 2)];
        var busy = _pool.TryTake(_key, [Address])!;

        _pool.Dispose();

        Assert.All(all.Except([busy]), connection => Assert.True(IsClosed(connection)));
        Assert.False(IsClosed(busy));
        _pool.Return(busy);
        Assert.True(IsClosed(busy));
        Assert.Equal((0, 0, 0), (_pool.Count, _connections.Count, _time.Timers));
        Assert.Null(_pool.TryTake(_key, [Address]));
    }

    private static ForwardRule NewRule() => new() { Config = new ForwardRuleConfig { Action = ForwardRuleAction.Allow }, Index = 0 };

    private static ChunkedTransportStream StreamOf(UpstreamConnection connection) => (ChunkedTransportStream)connection.Stream;

    private static bool IsClosed(UpstreamConnection connection) => StreamOf(connection).IsDisposed;

    private List<UpstreamConnection> Return(UpstreamKey key, int count)
    {
        var all = new List<UpstreamConnection>();
        for (var i = 0; i < count; i++)
        {
            all.Add(Open(key, Address));
            _pool.Return(all[i]);
        }

        return all;
    }

    private UpstreamConnection Open(in UpstreamKey key, IPAddress? address = null, IPAddress? client = null)
    {
        var dialled = new ForwardDialResult { Stream = new ChunkedTransportStream([]) { HasPendingInput = false }, Rule = key.Rule, Address = address };
        return new UpstreamConnection(key, dialled, client ?? Client, _connections.Add(client ?? Client), _time.GetTimestamp());
    }

    /// <summary>Fake time that counts the timers which were created and not disposed.</summary>
    private sealed class CountingTimeProvider : FakeTimeProvider
    {
        public int Timers { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            return new CountedTimer(base.CreateTimer(callback, state, dueTime, period), () => Timers--);
        }

        private sealed class CountedTimer(ITimer timer, Action disposed) : ITimer
        {
            private Action? _disposed = disposed;

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                timer.Dispose();
                Interlocked.Exchange(ref _disposed, null)?.Invoke();
            }

            public System.Threading.Tasks.ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
