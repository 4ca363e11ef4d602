using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Management;
using WmProxy.Server.Logging;

namespace WmProxy.Server.CommandLine;

/// <summary><c>wmproxy check</c>: says everything that is wrong with a configuration, without opening anything.</summary>
internal static class CheckCommand
{
    public static async Task<int> InvokeAsync(ServerOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            var builder = WmProxyApplication.CreateBuilder(options);
            builder.Services.AddLogging(logging => logging.ClearProviders());
            await using var app = builder.Build();
            // Its log file, if it names one, may belong to a running program: made, and left empty, at most.
            var errors = await app.Services.GetRequiredService<IConfigChecker>().CheckAsync(builder.Configuration, cancellationToken);
            var logErrors = LogErrors(builder.Configuration, options);
            if (errors.Count + logErrors.Count == 0)
            {
                await output.WriteLineAsync($"OK {options.FullPath}: {Summary(builder.Configuration)}");
                return 0;
            }

            ErrorOutput.Write(error, [.. errors, .. logErrors]);
            return 1;
        }
        catch (ConfigErrorException exception)
        {
            ErrorOutput.Write(error, exception.Errors);
            return 1;
        }
    }

    private static IReadOnlyList<ConfigError> LogErrors(IConfiguration configuration, ServerOptions options)
    {
        try
        {
            LoggingExtensions.CreateLogger(configuration, options.BaseDirectory).Dispose();
            return [];
        }
        catch (ConfigErrorException exception)
        {
            return exception.Errors;
        }
    }

    private static string Summary(IConfiguration configuration) => string.Join(", ",
    [
        Count(configuration, "Kestrel:Endpoints", "HTTP endpoint"),
        Count(configuration, "ReverseProxy:Routes", "route"),
        Count(configuration, "ReverseProxy:Clusters", "cluster"),
        Count(configuration, "WmProxy:Streams", "stream"),
        .. CountForwardProxies(configuration),
        Count(configuration, "WmProxy:StaticFiles", "file folder"),
        Count(configuration, "WmProxy:StaticResponses", "static response"),
    ]);

    private static string[] CountForwardProxies(IConfiguration configuration) =>
        configuration.GetSection("WmProxy:ForwardProxies").GetChildren().Count() is > 0 and var count ? [$"{count} forward {(count == 1 ? "proxy" : "proxies")}"] : [];

    private static string Count(IConfiguration configuration, string section, string what)
    {
        var count = configuration.GetSection(section).GetChildren().Count();
        return $"{count} {what}{(count == 1 ? "" : "s")}";
    }
}
