using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;
using WmProxy.Listeners;
using WmProxy.Server.Http;

namespace WmProxy.Server.Lifetime;

/// <summary>Tells, once everything listens, where: with the real ports, a line for each.</summary>
internal sealed partial class Banner
{
    private readonly IServer _server;
    private readonly IListenerLookup _listeners;
    private readonly IConfiguration _configuration;
    private readonly ServerOptions _options;
    private readonly ILogger<Banner> _logger;

    public Banner(IServer server, IListenerLookup listeners, IConfiguration configuration, ServerOptions options, ILogger<Banner> logger)
    {
        _server = server;
        _listeners = listeners;
        _configuration = configuration;
        _options = options;
        _logger = logger;
    }

    public void Write()
    {
        Log.Started(_logger, ProductInfo.Version, Environment.ProcessId);
        var lines = Lines().ToList();
        foreach (var (address, what) in lines)
        {
            Log.Listening(_logger, address, what);
        }

        if (lines.Count == 0)
        {
            Log.NotListening(_logger);
        }

        if (_options.Document is not null)
        {
            Log.HowToStop(_logger);
            return;
        }

        Log.HowToReload(_logger, _options.FullPath, _options.WatchFile ? "save it to apply changes" : "SIGHUP applies changes", Environment.ProcessId);
    }

    /// <summary>Every address that is listened on, and what for.</summary>
    internal IEnumerable<(string Address, string What)> Lines()
    {
        foreach (var address in _server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            if (!address.EndsWith($"//{NoHttpEndPoint.Instance}", StringComparison.Ordinal))
            {
                yield return (address, "http");
            }
        }

        foreach (var listener in _listeners.GetListeners())
        {
            yield return (listener.Address, listener.ForwardProxy is { } proxy ? DescribeForwardProxy(proxy) : string.Join(", ", listener.Streams.Select(Describe)));
        }
    }

    private string Describe(string stream)
    {
        var section = _configuration.GetSection($"WmProxy:Streams:{stream}");
        var to = section["ClusterId"] is { } cluster ? [$"cluster {cluster}"]
            : section["To"] is { } single ? [single]
            : section.GetSection("To").GetChildren().Select(child => child.Value ?? "").ToArray();
        return $"stream {stream} -> {string.Join(" ", to)}";
    }

    private string DescribeForwardProxy(string proxy) =>
        _configuration[$"WmProxy:ForwardProxies:{proxy}:ClusterId"] is { } cluster ? $"forward proxy {proxy} -> cluster {cluster}" : $"forward proxy {proxy}";

    private static partial class Log
    {
        [LoggerMessage(EventIds.Started, LogLevel.Information, "wmproxy {Version} is running (pid {ProcessId})")]
        public static partial void Started(ILogger logger, string version, int processId);

        [LoggerMessage(EventIds.Listening, LogLevel.Information, "Listening {Address} ({What})")]
        public static partial void Listening(ILogger logger, string address, string what);

        [LoggerMessage(EventIds.NotListening, LogLevel.Warning, "Listening nowhere: the configuration has no Kestrel:Endpoints, no WmProxy:Streams and no WmProxy:ForwardProxies")]
        public static partial void NotListening(ILogger logger);

        [LoggerMessage(EventIds.HowToStop, LogLevel.Information, "Ctrl+C or SIGTERM stops; --print-config prints this configuration, to go on with in a file")]
        public static partial void HowToStop(ILogger logger);

        [LoggerMessage(EventIds.HowToReload, LogLevel.Information, "Configuration {File}: {How} (or kill -HUP {ProcessId}); Ctrl+C or SIGTERM stops")]
        public static partial void HowToReload(ILogger logger, string file, string how, int processId);
    }
}
