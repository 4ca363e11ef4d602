using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using WmProxy.ForwardProxy.Access;
using WmProxy.Listeners;

namespace WmProxy.Tests.ForwardProxy.Access;

public sealed class OwnListenersTests
{
    [Theory]
    [InlineData("tcp://127.0.0.1:1000", "127.0.0.1", 1000, true)]
    [InlineData("tcp://127.0.0.1:1000", "127.0.0.1", 1001, false)]
    [InlineData("tcp://127.0.0.1:1000", "127.0.0.2", 1000, false)]
    [InlineData("tcp://127.0.0.1:1000", "0.0.0.0", 1000, true)]
    [InlineData("tcp://127.0.0.1:1000", "::ffff:127.0.0.1", 1000, true)]
    [InlineData("tls://[::1]:1000", "::1", 1000, true)]
    [InlineData("tcp://*:1000", "127.0.0.1", 1000, true)]
    [InlineData("tcp://*:1000", "127.9.9.9", 1000, true)]
    [InlineData("tcp://0.0.0.0:1000", "127.0.0.1", 1000, true)]
    [InlineData("tcp://0.0.0.0:1000", "192.0.2.99", 1000, true)]
    [InlineData("tcp://[::]:1000", "192.0.2.99", 1000, true)]
    [InlineData("tcp://*:1000", "::1", 1000, true)]
    [InlineData("tcp://*:1000", "192.0.2.99", 1000, true)]
    [InlineData("tcp://*:1000", "64:ff9b::192.0.2.99", 1000, true)]
    [InlineData("tcp://*:1000", "192.0.2.98", 1000, false)]
    [InlineData("udp://*:1000", "127.0.0.1", 1000, false)]
    [InlineData("unix:/run/a", "127.0.0.1", 0, false)]
    public void Find_OwnAddress_IsFound(string listener, string address, int port, bool expected)
    {
        var fixture = new ForwardFixture();
        fixture.Listen(listener);

        Assert.Equal(expected ? GuardReason.OwnListener : GuardReason.None, fixture.OwnListeners.Find(IPAddress.Parse(address), port));
    }

    [Theory]
    [InlineData("udp://*:1000", true, true)]
    [InlineData("udp://*:1000", false, false)]
    [InlineData("tcp://*:1000", true, false)]
    public void Find_Datagram_GoesToListenersForDatagrams(string listener, bool isUdp, bool expected)
    {
        var fixture = new ForwardFixture();
        fixture.Listen(listener);

        Assert.Equal(expected ? GuardReason.OwnListener : GuardReason.None, fixture.OwnListeners.Find(IPAddress.Loopback, 1000, isUdp));
    }

    [Fact]
    public void Find_ForwardProxyBesideAnother_IsALoop()
    {
        var fixture = new ForwardFixture();
        fixture.Listen("tcp://*:1000");
        fixture.Listen("tcp://127.0.0.1:1000", "p");

        Assert.Equal(GuardReason.Loop, fixture.OwnListeners.Find(IPAddress.Loopback, 1000));
        Assert.Equal(GuardReason.OwnListener, fixture.OwnListeners.Find(IPAddress.IPv6Loopback, 1000));
    }

    [Fact]
    public void Find_AfterAReload_KnowsTheNewListenersAtOnce()
    {
        var fixture = new ForwardFixture();
        Assert.Equal(GuardReason.None, fixture.OwnListeners.Find(IPAddress.Loopback, 1000));
        fixture.Listen("tcp://*:1000");

        Assert.Equal(GuardReason.OwnListener, fixture.OwnListeners.Find(IPAddress.Loopback, 1000));
    }

    [Theory]
    [InlineData("http://127.0.0.1:80", "127.0.0.1", true)]
    [InlineData("http://localhost:80", "::1", true)]
    [InlineData("http://localhost:80", "192.0.2.99", false)]
    [InlineData("http://[::]:80", "192.0.2.99", true)]
    [InlineData("http://*:80", "192.0.2.99", true)]
    [InlineData("http://shop.example:80", "192.0.2.99", true)]
    [InlineData("http://192.0.2.99:80", "192.0.2.99", true)]
    [InlineData("http://192.0.2.99:80", "127.0.0.1", false)]
    [InlineData("http://unix:/run/a.sock", "127.0.0.1", false)]
    [InlineData("nonsense", "127.0.0.1", false)]
    public void Find_AddressOfTheHttpServer_IsFound(string url, string address, bool expected)
    {
        var own = new OwnListeners(
            new NoListeners(), new LocalAddressCache(TimeProvider.System, () => new[] { IPAddress.Parse("192.0.2.99") }.ToFrozenSet()), TimeProvider.System, new Server(url));

        Assert.Equal(expected ? GuardReason.OwnListener : GuardReason.None, own.Find(IPAddress.Parse(address), 80));
    }

    [Fact]
    public void Find_HttpServerChangesItsAddresses_IsKnownSecondsLater()
    {
        var time = new FakeTimeProvider();
        var server = new Server();
        var own = new OwnListeners(new NoListeners(), new LocalAddressCache(time, () => FrozenSet<IPAddress>.Empty), time, server);
        Assert.Equal(GuardReason.None, own.Find(IPAddress.Loopback, 80));
        server.Addresses.Add("http://127.0.0.1:80");
        time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(GuardReason.OwnListener, own.Find(IPAddress.Loopback, 80));
    }

    [Fact]
    public void Find_MachineGetsAnotherAddress_IsKnownSecondsLater()
    {
        var time = new FakeTimeProvider();
        var fixture = new ForwardFixture(time);
        fixture.Listen("tcp://*:1000");
        fixture.LocalAddressCache.Start();
        fixture.LocalAddresses = [IPAddress.Parse("192.0.2.100")];
        Assert.Equal(GuardReason.None, fixture.OwnListeners.Find(IPAddress.Parse("192.0.2.100"), 1000));

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(GuardReason.OwnListener, fixture.OwnListeners.Find(IPAddress.Parse("192.0.2.100"), 1000));
        Assert.Equal(GuardReason.None, fixture.OwnListeners.Find(IPAddress.Parse("192.0.2.99"), 1000));
    }

    [Fact]
    public void Read_LocalAddresses_HasLoopback() => Assert.Contains(LocalAddresses.Read(), address => address.Equals(IPAddress.Loopback));

    private sealed class NoListeners : IListenerLookup
    {
        private static readonly IReadOnlyList<ListenerInfo> None = [];

        public IReadOnlyList<ListenerInfo> GetListeners() => None;
    }

    private sealed class Server : IServer, IServerAddressesFeature
    {
        public Server(params string[] urls)
        {
            Addresses = [.. urls];
            Features.Set<IServerAddressesFeature>(this);
        }

        public IFeatureCollection Features { get; } = new FeatureCollection();

        public ICollection<string> Addresses { get; }

        public bool PreferHostingUrls { get; set; }

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
