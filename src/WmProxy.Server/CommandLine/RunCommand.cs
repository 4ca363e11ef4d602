using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Diagnostics;
using WmProxy.Server.Http;
using WmProxy.Server.Lifetime;

namespace WmProxy.Server.CommandLine;

/// <summary><c>wmproxy run</c>: runs until a signal.</summary>
internal static partial class RunCommand
{
    // A log that nobody reads (a stopped terminal, a full pipe) must not keep the process alive.
    private static readonly TimeSpan LogFlushTimeout = TimeSpan.FromSeconds(2);

    public static async Task<int> InvokeAsync(ServerOptions options, TextWriter error, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            var descriptors = ProcessSettings.RaiseDescriptorLimit();
            app = WmProxyApplication.Create(options, builder => builder.Services.AddSingleton<IHostLifetime, SignalLifetime>());
            await app.StartAsync(cancellationToken);
            app.Services.GetRequiredService<Banner>().Write();
            if (descriptors < ProcessSettings.FewDescriptors)
            {
                Log.FewDescriptors(app.Logger, descriptors.Value);
            }

            await app.WaitForShutdownAsync(cancellationToken);
            Log.Stopped(app.Logger);
            return 0;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var errors = Explain(exception, app?.Configuration);
            if (errors.Count > 0)
            {
                ErrorOutput.Write(error, errors);
            }
            else
            {
                await error.WriteLineAsync($"wmproxy: {exception}");
            }

            return 1;
        }
        finally
        {
            if (app is not null)
            {
                await DisposeAsync(app);
            }
        }
    }

    /// <summary>What the user can do something about; nothing for a fault of the program itself.</summary>
    internal static IReadOnlyList<ConfigError> Explain(Exception exception, IConfiguration? configuration)
    {
        switch (exception)
        {
            case ConfigErrorException wrong:
                return wrong.Errors;
            case IOException or SocketException when configuration is not null && HttpEndpointPreflight.Check(configuration, live: null) is { Count: > 0 } inUse:
                return inUse;
            case IOException or SocketException or UnauthorizedAccessException or CryptographicException or InvalidOperationException or FormatException:
                var cause = exception.GetBaseException();
                return [new ConfigError("The start failed", ReferenceEquals(cause, exception) ? exception.Message : $"{exception.Message} {cause.Message}")];
            default:
                return [];
        }
    }

    private static async Task DisposeAsync(WebApplication app)
    {
        try
        {
            await Task.Run(() => app.DisposeAsync().AsTask()).WaitAsync(LogFlushTimeout);
        }
        catch (TimeoutException)
        {
            // The process ends now; its sockets are closed already.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.Stopped, LogLevel.Information, "Stopped")]
        public static partial void Stopped(ILogger logger);

        [LoggerMessage(EventIds.FewDescriptors, LogLevel.Warning, "This process may have {Descriptors} open files and sockets, and a proxied connection takes two: raise the limit (ulimit -n, LimitNOFILE=)")]
        public static partial void FewDescriptors(ILogger logger, ulong descriptors);
    }
}
