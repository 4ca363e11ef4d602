using System;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;
using WmProxy.Relay;
using WmProxy.Relay.Portable;
using WmProxy.Socks;
using WmProxy.Socks.UdpAssociate;
using WmProxy.Tests.Common;
using WmProxy.Udp;

namespace WmProxy.Tests.Socks;

/// <summary>The handlers of SOCKS on real sockets, with fakes of what they ask; time stands still.</summary>
internal sealed class SocksHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly Socket _listener;
    private readonly MeterListener _meters = new();
    private readonly ConcurrentDictionary<string, long> _dropped = new();
    private readonly List<Task> _connections = [];

    public SocksHost(ForwardProxyConfig? config = null, IPAddress? listenOn = null)
    {
        config ??= new ForwardProxyConfig { ProxyId = "test" };
        Proxy = Compile(config);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IForwardDialer>(Dialer);
        services.AddSingleton<IForwardAuthenticator>(Authenticator);
        services.AddSingleton<IUdpParentDialer>(Parents);
        services.AddSingleton<IRelayEngine>(new PortableRelayEngine());
        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<UdpMetrics>();
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddMetrics();
        services.AddWmProxySocks();
        _services = services.BuildServiceProvider();
        Table = _services.GetRequiredService<ConnectionTable>();
        Count(_services.GetRequiredService<IMeterFactory>());
        var address = listenOn ?? IPAddress.Loopback;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(address, 0));
        _listener.Listen(64);
    }

    public FakeTimeProvider Time { get; } = new();

    public FakeForwardDialer Dialer { get; } = new();

    public FakeAuthenticator Authenticator { get; } = new();

    public FakeUdpParentDialer Parents { get; } = new();

    public ForwardProxyModel Proxy { get; } = null!;

    public ConnectionTable Table { get; }

    /// <summary>Connects, from <paramref name="from"/> where given; the connection is served as its first byte wants.</summary>
    public async Task<(RawConnection Client, ConnectionState State, Task Ended)> ConnectAsync(SocksVersion version = SocksVersion.V5, IPAddress? from = null)
    {
        var socket = new Socket(_listener.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(_listener.LocalEndPoint!);
        var accepted = await _listener.AcceptAsync();
        accepted.NoDelay = true;
        var stream = new SocketTransportStream(accepted);
        var state = new ConnectionState(Table.NextId(), stream, "test", accepted.RemoteEndPoint.Unmap(), null, Time.GetTimestamp());
        state.SetDeadline(Time.GetTimestamp() + Proxy.DetectTicks);
        Table.Add(state);
        var ended = ServeAsync(new TransportConnectionContext(stream, state), version);
        _connections.Add(ended);
        return (new RawConnection(socket), state, ended);
    }

    /// <summary>How many datagrams were dropped for a reason.</summary>
    public long Dropped(UdpDropReason reason) => _dropped.GetValueOrDefault(reason.ToString());

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await Table.AbortAllAsync(ConnectionEndReason.Shutdown, Deadline.Default);
        await Task.WhenAll(_connections).Within();
        _meters.Dispose();
        await _services.DisposeAsync();

        // Whatever was taken is given back.
        Assert.Equal(0, Table.Count);
        Assert.Equal(0, Proxy.State.AssociationsPerClient.Clients);
        Assert.Equal(0, Proxy.State.LiveRequests.Count);
    }

    /// <summary>Puts other rules in force, as a reload does.</summary>
    public void Reload()
    {
        var model = Compile(Proxy.Config);
        Proxy.State.Current = model;
    }

    private ForwardProxyModel Compile(ForwardProxyConfig config) => new()
    {
        Config = config,
        State = Proxy?.State ?? new ForwardProxyState(),
        Protocols = FrozenSet.Create(ForwardProtocol.Socks4, ForwardProtocol.Socks5),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        ConnectAttempts = 1,
        DetectTicks = Ticks(5),
        IdleTicks = Ticks(600),
        HalfCloseTicks = Ticks(60),
        MaxConnections = 0,
        MaxConnectionsPerClient = 0,
        Rules = ForwardRuleSet.Compile(config, null, null, static (_, _) => null),
        GuardsDestinations = false,
        IsGuardEnforced = false,
        UdpAssociate = config.UdpAssociate?.Enabled == false ? null : new UdpAssociateModel
        {
            AdvertisedAddress = config.UdpAssociate?.AdvertisedAddress,
            Ports = config.UdpAssociate?.Ports is { } ports && PortRangeParser.TryParse(ports, out var range, out _) ? range : default,
            IdleTicks = (long)((config.UdpAssociate?.IdleTimeout ?? TimeSpan.FromSeconds(60)).TotalSeconds * Time.TimestampFrequency),
            MaxAssociationsPerClient = config.UdpAssociate?.MaxAssociationsPerClient ?? 64,
        },
        IsBindEnabled = config.Bind?.Enabled ?? false,
        AccessLog = false,
    };

    private long Ticks(int seconds) => seconds * Time.TimestampFrequency;

    private async Task ServeAsync(TransportConnectionContext connection, SocksVersion version)
    {
        var protocol = version == SocksVersion.V4 ? ForwardProtocol.Socks4 : ForwardProtocol.Socks5;
        var handler = _services.GetServices<IForwardProtocolHandler>().Single(handler => handler.Protocol == protocol);
        await handler.RunAsync(connection, Proxy);

        // As listeners do.
        var state = connection.State;
        state.TryEnd(ConnectionEndReason.Completed);
        if (!state.EndsInOrder && state.EndReason != ConnectionEndReason.Completed)
        {
            connection.Stream.Abort();
        }

        await connection.DisposeAsync();
        Table.Remove(state);
    }

    private void Count(IMeterFactory factory)
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "wmproxy.udp.dropped" && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "wmproxy.drop_reason")
                {
                    _dropped.AddOrUpdate((string)tag.Value!, value, (_, sum) => sum + value);
                }
            }
        });
        _meters.Start();
    }
}
