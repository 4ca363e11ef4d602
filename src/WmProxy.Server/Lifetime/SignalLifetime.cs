using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WmProxy.Connections;
using WmProxy.Diagnostics;

namespace WmProxy.Server.Lifetime;

/// <summary>
/// SIGTERM, SIGINT (Ctrl+C) and SIGQUIT end the program when its connections have ended, at the latest after <c>DrainTimeout</c>; a second one at once,
/// with the exit code that a shell expects (128 + signal). SIGHUP reads the configuration again.
/// </summary>
internal sealed partial class SignalLifetime : IHostLifetime, IDisposable
{
    // What takes longer does not let go; "at once" is what the user asked for.
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(2);

    private readonly IHostApplicationLifetime _application;
    private readonly ReloadRequest _reload;
    private readonly ConnectionTable _connections;
    private readonly ILogger<SignalLifetime> _logger;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _stops;

    public SignalLifetime(IHostApplicationLifetime application, ReloadRequest reload, ConnectionTable connections, ILogger<SignalLifetime> logger)
    {
        _application = application;
        _reload = reload;
        _connections = connections;
        _logger = logger;
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        Register(PosixSignal.SIGTERM, context => Stop(context, "SIGTERM", 143));
        Register(PosixSignal.SIGINT, context => Stop(context, "SIGINT", 130));
        Register(PosixSignal.SIGQUIT, context => Stop(context, "SIGQUIT", 131));
        Register(PosixSignal.SIGHUP, Reload);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Register(PosixSignal signal, Action<PosixSignalContext> handler) => _registrations.Add(PosixSignalRegistration.Create(signal, handler));

    private void Stop(PosixSignalContext context, string signal, int exitCode)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _stops) > 1)
        {
            // The kernel closes what an ending process leaves with a FIN, and a transfer that is cut would look complete. So every connection is reset first,
            // which those that belong to other threads do there. This thread is the signal's own, and may wait.
            _connections.AbortAllAsync(ConnectionEndReason.Shutdown, AbortTimeout).Wait();
            Environment.Exit(exitCode);
        }

        Log.Stopping(_logger, signal);
        // Off the signal's thread, which has to be free for the second signal while callbacks of the first run.
        _ = Task.Run(_application.StopApplication);
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        _ = Task.Run(() => _reload.RunAsync("SIGHUP", _application.ApplicationStopping));
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.Stopping, LogLevel.Information, "{Signal}: stopping; live connections may end within DrainTimeout, a second signal stops at once")]
        public static partial void Stopping(ILogger logger, string signal);
    }
}
