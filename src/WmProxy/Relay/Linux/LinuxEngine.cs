using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Runtime.Versioning;
using System.Threading;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Diagnostics;

namespace WmProxy.Relay.Linux;

/// <summary>The event loops of the Linux engine, one for each processor; started when the first listener asks for them.</summary>
internal sealed partial class LinuxEngine : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private IReadOnlyList<EventLoop>? _loops;
    private string? _unavailable;
    private RelayEngineKind? _logged;

    public LinuxEngine(ILogger<LinuxEngine> logger) => _logger = logger;

    /// <summary>The loops, unless <paramref name="kind"/> asks for the portable engine or this system cannot run them; the log says once which it is.</summary>
    public bool TryGetLoops(RelayEngineKind kind, [NotNullWhen(true)] out IReadOnlyList<EventLoop>? loops)
    {
        lock (_lock)
        {
            loops = null;
            if (kind != RelayEngineKind.Portable && OperatingSystem.IsLinux())
            {
                _loops ??= TryStart();
                loops = _loops;
            }

            var used = loops is null ? RelayEngineKind.Portable : RelayEngineKind.Linux;
            if (used != _logged)
            {
                _logged = used;
                if (loops is null && kind != RelayEngineKind.Portable && OperatingSystem.IsLinux())
                {
                    Log.LinuxEngineUnavailable(_logger, _unavailable);
                }
                else
                {
                    Log.EngineChosen(_logger, used, loops is null ? 0 : Environment.ProcessorCount);
                }
            }

            return loops is not null;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (OperatingSystem.IsLinux())
            {
                Stop(_loops ?? []);
            }

            _loops = null;
        }
    }

    [SupportedOSPlatform("linux")]
    private static void Stop(IReadOnlyList<EventLoop> loops)
    {
        foreach (var loop in loops)
        {
            loop.Dispose();
        }
    }

    [SupportedOSPlatform("linux")]
    private List<EventLoop>? TryStart()
    {
        if (_unavailable is not null)
        {
            return null;
        }

        var loops = new List<EventLoop>();
        try
        {
            for (var i = 0; i < Environment.ProcessorCount; i++)
            {
                loops.Add(new EventLoop(exception => Log.LoopFailed(_logger, exception)));
            }
        }
        catch (Exception ex) when (ex is IOException or DllNotFoundException or EntryPointNotFoundException)
        {
            // A sandbox without epoll, no descriptors left, another C library.
            _unavailable = ex.Message;
            Stop(loops);
            return null;
        }

        foreach (var (index, loop) in loops.Index())
        {
            loop.Start($"WmProxy loop {index}");
        }

        return loops;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.EngineChosen, LogLevel.Debug, "Streams are moved by the {engine} engine ({threads} threads of its own)", EventName = nameof(EngineChosen))]
        public static partial void EngineChosen(ILogger logger, RelayEngineKind engine, int threads);

        [LoggerMessage(EventIds.LinuxEngineUnavailable, LogLevel.Warning, "The Linux engine cannot run here, streams are moved by the portable one: {error}", EventName = nameof(LinuxEngineUnavailable))]
        public static partial void LinuxEngineUnavailable(ILogger logger, string? error);

        [LoggerMessage(EventIds.LoopFailed, LogLevel.Error, "An event loop's handler failed unexpectedly.", EventName = nameof(LoopFailed))]
        public static partial void LoopFailed(ILogger logger, Exception exception);
    }
}
