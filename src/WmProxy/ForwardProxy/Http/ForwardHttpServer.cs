using System;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WmProxy.Connections;
using WmProxy.Listeners;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// A Kestrel of our own, which has no address: it is handed the connections on which clients of forward proxies speak HTTP. It starts with the first of them
/// and stops with the host, as the application's own does: what is idle is closed at once, what is in the middle of a request may finish it.
/// </summary>
internal sealed class ForwardHttpServer : IHostedLifecycleService, IDisposable
{
    // Long URLs are the rule for what goes through a proxy; servers take 8 to 16 KiB.
    private const int MaxRequestLineSize = 16 * 1024;

    private readonly HandOffListener _listener = new(new HandOffEndPoint("forward-proxies"));
    private readonly ForwardHttpApplication _application;
    private readonly ConnectionTable _connections;
    private readonly ILoggerFactory _loggers;
    private readonly Lock _lock = new();
    private KestrelServer? _server;
    private Task? _started;
    private Task? _stopped;

    public ForwardHttpServer(ForwardHttpApplication application, ConnectionTable connections, ILoggerFactory loggers)
    {
        _application = application;
        _connections = connections;
        _loggers = loggers;
    }

    /// <summary>Runs a connection to its end.</summary>
    public async Task RunAsync(HandOffConnection connection)
    {
        await StartServerAsync();
        await connection.RunAsync(_listener);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        // Not awaited here: others are to stop at the same time.
        lock (_lock)
        {
            _stopped ??= StopServerAsync(_started);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _stopped ?? Task.CompletedTask;

    public void Dispose() => _server?.Dispose();

    private Task StartServerAsync()
    {
        lock (_lock)
        {
            return _started ??= _stopped is null ? StartAsync() : Task.CompletedTask;
        }
    }

    private Task StartAsync()
    {
        _server = new KestrelServer(Options.Create(CreateOptions(_listener.EndPoint)), _listener, _loggers);
        return _server.StartAsync(_application, CancellationToken.None);
    }

    private async Task StopServerAsync(Task? started)
    {
        if (started is null)
        {
            await _listener.UnbindAsync();
            return;
        }

        await started;
        await _server!.StopAsync(_connections.Aborting);
    }

    private static KestrelServerOptions CreateOptions(System.Net.EndPoint endPoint)
    {
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,

            // RFC 9112 section 3.2.2: the target counts, whatever the Host field says.
            AllowHostHeaderOverride = true,

            // Bytes go through as they came, whatever encoding they were meant in.
            RequestHeaderEncodingSelector = static _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static _ => Encoding.Latin1,
            Limits =
            {
                MaxRequestLineSize = MaxRequestLineSize,

                // Neither has anything to do with this proxy's memory; who moves no byte is cut by IdleTimeout.
                MaxRequestBodySize = null,
                MinRequestBodyDataRate = null,
                MinResponseDataRate = null,
            },
        };
        options.Listen(endPoint, listen => listen.Protocols = HttpProtocols.Http1);
        return options;
    }
}
