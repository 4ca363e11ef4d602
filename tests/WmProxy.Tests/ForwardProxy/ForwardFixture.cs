using System;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using WmProxy.Clusters;
using WmProxy.Configuration;
using WmProxy.Connectors;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Access;
using WmProxy.ForwardProxy.Users;
using WmProxy.Listeners;
using WmProxy.Tests.Server;

namespace WmProxy.Tests.ForwardProxy;

/// <summary>The parts of forward proxies that decide, with names, listeners and parents that a test makes up.</summary>
internal sealed class ForwardFixture : IListenerLookup, IClusterDialer
{
    private readonly ConcurrentDictionary<string, IPAddress[]> _names = new();
    private readonly ConcurrentQueue<string> _lookups = new();
    private IReadOnlyList<ListenerInfo> _listeners = [];

    public ForwardFixture(TimeProvider? timeProvider = null)
    {
        TimeProvider = timeProvider ?? TimeProvider.System;
        Meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        Metrics = new ForwardMetrics(Meters);
        Resolver = new AddressResolver(TimeProvider, LookUpAsync);
        LocalAddressCache = new LocalAddressCache(TimeProvider, () => LocalAddresses.ToFrozenSet());
        OwnListeners = new OwnListeners(this, LocalAddressCache, TimeProvider);
        Judge = new ForwardJudge(
            Resolver, new EgressGuard(OwnListeners), new EgressGuardReporter(Metrics, TimeProvider, NullLogger<EgressGuardReporter>.Instance), Metrics);
        Revocation = new ForwardRevocation(Judge, TimeProvider, RevocationLog);
        Dialer = new ForwardDialer(Judge, this, Resolver, new ConnectDeadlines(TimeProvider), Metrics, TimeProvider, NullLogger<ForwardDialer>.Instance);
    }

    public TimeProvider TimeProvider { get; }

    public IMeterFactory Meters { get; }

    public ForwardMetrics Metrics { get; }

    public AddressResolver Resolver { get; }

    public LocalAddressCache LocalAddressCache { get; }

    public OwnListeners OwnListeners { get; }

    public ForwardJudge Judge { get; }

    public ForwardRevocation Revocation { get; }

    public ForwardDialer Dialer { get; }

    /// <summary>What was said of revocations.</summary>
    public CapturingLogger<ForwardRevocation> RevocationLog { get; } = new();

    public IPAddress[] LocalAddresses { get; set; } = [IPAddress.Parse("192.0.2.99")];

    /// <summary>The names that were looked up.</summary>
    public IReadOnlyList<string> Lookups => [.. _lookups];

    /// <summary>What a lookup waits for.</summary>
    public Task LookupGate { get; set; } = Task.CompletedTask;

    /// <summary>What the parents were asked for.</summary>
    public DialRequest? ParentRequest { get; private set; }

    public DialResult ParentResult { get; set; } = DialResult.Failed(WmProxy.Connections.ConnectionEndReason.NoDestination, "no parents");

    public static ForwardRequest Request(string host, int port = 443, string? user = null, string client = "198.51.100.1", ForwardCommand command = ForwardCommand.Connect)
    {
        var address = IPAddress.TryParse(host, out var parsed) ? parsed : null;
        return new ForwardRequest(command, new ForwardTarget(host, address, port), user, IPAddress.Parse(client));
    }

    public void AddName(string name, params string[] addresses) => _names[name] = [.. addresses.Select(IPAddress.Parse)];

    public void Listen(string address, string? forwardProxy = null) =>
        _listeners = [.. _listeners, new ListenerInfo(address, address, forwardProxy is null ? ["s"] : []) { ForwardProxy = forwardProxy }];

    /// <summary>A forward proxy that guards, as one would that others can reach.</summary>
    public ForwardProxyModel Proxy(params ForwardRuleConfig[] rules) => Compile(new ForwardProxyConfig { ProxyId = "p", Rules = rules.ToEquatableArray() });

    public ForwardProxyModel Compile(ForwardProxyConfig config, ForwardProxyModel? before = null, bool guards = true)
    {
        return new ForwardProxyModel
        {
            Config = config,
            State = before?.State ?? new ForwardProxyState { Judge = Revocation.Review },
            Protocols = ForwardDefaults.Protocols.ToFrozenSet(),
            Users = UserTable.Compile(config.Users, before?.Users),
            Rules = ForwardRuleSet.Compile(config, null, before?.Rules, (_, _) => null),
            GuardsDestinations = guards,
            IsGuardEnforced = config.Guard is not EgressGuardMode.ReportOnly,
            ConnectTimeout = config.ConnectTimeout ?? TimeSpan.FromSeconds(10),
            ConnectAttempts = 3,
            DetectTicks = 1,
            IdleTicks = 1,
            HalfCloseTicks = 1,
            MaxConnections = 0,
            MaxConnectionsPerClient = 0,
            IsBindEnabled = false,
            AccessLog = false,
        };
    }

    IReadOnlyList<ListenerInfo> IListenerLookup.GetListeners() => _listeners;

    ValueTask<DialResult> IClusterDialer.DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        ParentRequest = request;
        return new ValueTask<DialResult>(ParentResult);
    }

    private async Task<IPAddress[]> LookUpAsync(string name)
    {
        _lookups.Enqueue(name);
        await LookupGate;
        return _names.TryGetValue(name, out var addresses) ? addresses : throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound);
    }
}
