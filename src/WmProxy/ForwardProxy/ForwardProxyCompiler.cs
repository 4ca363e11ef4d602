using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;
using WmProxy.Connections;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy.Access;
using WmProxy.ForwardProxy.Users;
using WmProxy.Listeners;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy;

/// <summary>Compiles the forward proxies of a configuration. What did not change is taken over from the compiled ones before, as the same objects.</summary>
internal sealed class ForwardProxyCompiler
{
    private readonly ForwardProtocolHandlers _handlers;
    private readonly ConnectionRecorder _recorder;
    private readonly ForwardRevocation _revocation;
    private readonly ConnectionTable _connections;
    private readonly TlsCertificateWatcher _certificates;
    private readonly LocalAddressCache _localAddresses;
    private readonly TimeProvider _timeProvider;

    public ForwardProxyCompiler(
        ForwardProtocolHandlers handlers, ConnectionRecorder recorder, ForwardRevocation revocation, ConnectionTable connections, TlsCertificateWatcher certificates,
        LocalAddressCache localAddresses, TimeProvider timeProvider)
    {
        _handlers = handlers;
        _recorder = recorder;
        _revocation = revocation;
        _connections = connections;
        _certificates = certificates;
        _localAddresses = localAddresses;
        _timeProvider = timeProvider;
    }

    /// <summary>Compiles a validated configuration; certificates that cannot be loaded are added to <paramref name="errors"/>.</summary>
    public CompiledForwardProxies Compile(WmProxyConfig config, CompiledForwardProxies previous, string baseDirectory, IList<ConfigError> errors)
    {
        var models = new Dictionary<string, ForwardProxyModel>(StringComparer.OrdinalIgnoreCase);
        foreach (var proxy in config.ForwardProxies.Values)
        {
            previous.Models.TryGetValue(proxy.ProxyId, out var before);
            models.Add(proxy.ProxyId, before?.Config == proxy ? before : Compile(proxy, before, baseDirectory, errors));
        }

        return new CompiledForwardProxies(models, [.. models.Values.SelectMany(model => CompileListeners(model, config.Engine ?? RelayEngineKind.Auto))]);
    }

    /// <summary>Puts <paramref name="next"/> in force in place of <paramref name="previous"/>, for requests of connections that are there already too.</summary>
    public void Activate(CompiledForwardProxies next, CompiledForwardProxies previous)
    {
        if (next.Models.Count > 0)
        {
            _localAddresses.Start();
        }

        foreach (var model in next.Models.Values.Except(previous.Models.Values))
        {
            model.State.Current = model;
            if (model.Tls is not null)
            {
                _certificates.Add(model.Tls);
            }

            _revocation.Review(model);
        }

        foreach (var model in previous.Models.Values.Except(next.Models.Values).Where(model => model.Tls is not null))
        {
            _certificates.Remove(model.Tls!);
        }
    }

    private ForwardProxyModel Compile(ForwardProxyConfig proxy, ForwardProxyModel? before, string baseDirectory, IList<ConfigError> errors)
    {
        var bandwidth = CompileBandwidth(proxy.Bandwidth, before?.Bandwidth);
        return new ForwardProxyModel
        {
            Config = proxy,
            State = before?.State ?? new ForwardProxyState { Judge = _revocation.Review },
            Protocols = (proxy.Protocols.Count > 0 ? proxy.Protocols : ForwardDefaults.Protocols).ToFrozenSet(),
            Users = UserTable.Compile(proxy.Users, before?.Users),
            Rules = ForwardRuleSet.Compile(proxy, bandwidth, before?.Rules, CompileBandwidth),
            Bandwidth = bandwidth,
            GuardsDestinations = !(proxy.AllowLocalDestinations ?? proxy.Listen.All(IsLoopback)),
            IsGuardEnforced = proxy.Guard is not EgressGuardMode.ReportOnly,
            ConnectTimeout = proxy.ConnectTimeout ?? ForwardDefaults.ConnectTimeout,
            ConnectAttempts = proxy.ConnectAttempts ?? ForwardDefaults.ConnectAttempts,
            DetectTicks = _connections.ToTicks(proxy.DetectTimeout ?? ForwardDefaults.DetectTimeout),
            IdleTicks = _connections.ToTicks(proxy.IdleTimeout ?? ForwardDefaults.IdleTimeout),
            HalfCloseTicks = _connections.ToTicks(proxy.HalfCloseTimeout ?? ForwardDefaults.HalfCloseTimeout),
            MaxConnections = proxy.MaxConnections ?? 0,
            MaxConnectionsPerClient = proxy.MaxConnectionsPerClient ?? 0,
            Access = AccessList.Compile(proxy.Access),
            AcceptedProxyProtocol = ProxyProtocolModel.Compile(proxy.ProxyProtocol?.Accept),
            Tls = CompileTls(proxy, baseDirectory, errors),
            UdpAssociate = CompileUdpAssociate(proxy.UdpAssociate ?? new UdpAssociateConfig()),
            IsBindEnabled = proxy.Bind?.Enabled ?? false,
            AccessLog = proxy.AccessLog ?? false,
        };
    }

    /// <summary>Whether only this machine can connect there.</summary>
    internal static bool IsLoopback(ListenAddress address) =>
        address.Scheme == ListenScheme.Unix || address.Host == "localhost" || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));

    private BandwidthModel? CompileBandwidth(BandwidthConfig? config, BandwidthModel? previous) => BandwidthModel.Compile(config, previous, _timeProvider);

    private UdpAssociateModel? CompileUdpAssociate(UdpAssociateConfig config) => config.Enabled == false ? null : new UdpAssociateModel
    {
        AdvertisedAddress = config.AdvertisedAddress,
        Ports = config.Ports is { } ports && PortRangeParser.TryParse(ports, out var range, out _) ? range : default,
        IdleTicks = _connections.ToTicks(config.IdleTimeout ?? ForwardDefaults.UdpIdleTimeout),
        MaxAssociationsPerClient = config.MaxAssociationsPerClient ?? ForwardDefaults.MaxAssociationsPerClient,
    };

    private static TlsServerModel? CompileTls(ForwardProxyConfig proxy, string baseDirectory, IList<ConfigError> errors)
    {
        return proxy.Tls is not null && TlsServerModel.TryCreate(proxy.Tls, $"WmProxy:ForwardProxies:{proxy.ProxyId}:Tls", baseDirectory, errors, out var model)
            ? model
            : null;
    }

    private IEnumerable<ListenerModel> CompileListeners(ForwardProxyModel model, RelayEngineKind engine)
    {
        return model.Config.Listen.SelectMany(ListenerKey.Expand).Select(address => new StreamListenerModel
        {
            Key = ListenerKey.Of(address, $"forward proxy {model.ProxyId}", model.Config.Listen),
            ConfigPath = $"WmProxy:ForwardProxies:{model.ProxyId}:Listen",
            Address = address,
            StreamIds = [],
            ForwardProxyId = model.ProxyId,
            Pipeline = new ForwardProxyPipeline(_handlers, _recorder, _timeProvider, model, address.Scheme == ListenScheme.Tls).RunAsync,
            Engine = engine,
        });
    }
}
