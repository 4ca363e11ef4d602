using System;
using System.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Settings.Configuration;
using WmProxy.Configuration;

namespace WmProxy.Server.Logging;

/// <summary>Serilog, from the <c>Serilog</c> section, with defaults that fit a proxy.</summary>
internal static class LoggingExtensions
{
    /// <summary>Adds Serilog as the program's logging.</summary>
    /// <exception cref="ConfigErrorException">The section names what does not exist.</exception>
    public static void AddProgramLogging(this WebApplicationBuilder builder, string baseDirectory) =>
        builder.Services.AddSerilog(CreateLogger(builder.Configuration, baseDirectory), dispose: true);

    /// <summary>The logger that <paramref name="configuration"/> describes; it follows changes of the levels.</summary>
    public static Logger CreateLogger(IConfiguration configuration, string baseDirectory)
    {
        var section = new ConfigurationBuilder().Add(new LogConfigurationSource { Configuration = configuration, BaseDirectory = baseDirectory }).Build();
        try
        {
            var logger = new LoggerConfiguration();
            logger = IsMoreThanLevels(configuration) ? logger.ReadFrom.Configuration(section, Reading(configuration)) : Default(logger, section);
            return logger.Filter.ByExcluding(IsFailedStart).CreateLogger();
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new ConfigErrorException([new ConfigError("Serilog", exception.GetBaseException().Message)]);
        }
    }

    private static bool IsMoreThanLevels(IConfiguration configuration) =>
        configuration.GetSection("Serilog").GetChildren().Any(child => !child.Key.Equals("MinimumLevel", StringComparison.OrdinalIgnoreCase));

    private static LoggerConfiguration Default(LoggerConfiguration logger, IConfiguration section) => new LogLevels(section).Apply(logger)
        .WriteTo.Async(sinks => sinks.Console(outputTemplate: LogConfigurationProvider.Template), LogConfigurationProvider.QueueLength, blockWhenFull: false);

    // Looking for sinks in all assemblies takes longer than the rest of the start; only who adds others pays for it.
    private static ConfigurationReaderOptions Reading(IConfiguration configuration) => configuration.GetSection("Serilog:Using").Exists()
        ? new ConfigurationReaderOptions()
        : new ConfigurationReaderOptions(
            typeof(ConsoleLoggerConfigurationExtensions).Assembly, typeof(FileLoggerConfigurationExtensions).Assembly, typeof(LoggerConfigurationAsyncExtensions).Assembly);

    // Why the start failed is told in words on stderr; the host's stack trace before it would hide that.
    private static bool IsFailedStart(LogEvent logEvent) => logEvent.MessageTemplate.Text == "Hosting failed to start";
}
