using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;
using Serilog.Events;

namespace WmProxy.Server.Logging;

/// <summary>
/// The user's <c>Serilog</c> section with three things added: levels that keep the cost of a request low, all sinks behind one bounded queue that drops
/// rather than waits (a terminal that is scrolled back must not stop traffic), and file paths relative to the configuration file. Follows reloads.
/// </summary>
internal sealed class LogConfigurationProvider : ConfigurationProvider, IDisposable
{
    public const int QueueLength = 10_000;
    public const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    private const string Section = "Serilog";
    private const string Sinks = $"{Section}:WriteTo";
    private const string Queue = $"{Sinks}:0";

    // Serilog's own reader knows the levels by name, and this one by number alone.
    private static readonly string Off = ((int)LevelAlias.Off).ToString(CultureInfo.InvariantCulture);

    private static readonly Dictionary<string, string?> Levels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Serilog:MinimumLevel:Default"] = "Information",
        ["Serilog:MinimumLevel:Override:Microsoft"] = "Warning",
        ["Serilog:MinimumLevel:Override:System"] = "Warning",
        // Once this category is on at all, every request gets an Activity and a scope: a fifth of the CPU time of a proxied GET.
        ["Serilog:MinimumLevel:Override:Microsoft.AspNetCore.Hosting.Diagnostics"] = Off,
        // Warns at the first start that keys on disk are not encrypted; the cookies of session affinity are all they protect.
        ["Serilog:MinimumLevel:Override:Microsoft.AspNetCore.DataProtection"] = "Error",
        ["Serilog:MinimumLevel:Override:Yarp"] = "Warning",
        // A stack trace for every request that fails (the library has a line instead) and for every probe that fails; what the probes change
        // is worth a line.
        ["Serilog:MinimumLevel:Override:Yarp.ReverseProxy.Forwarder.HttpForwarder"] = Off,
        ["Serilog:MinimumLevel:Override:Yarp.ReverseProxy.Health.ActiveHealthCheckMonitor"] = "Error",
        ["Serilog:MinimumLevel:Override:Yarp.ReverseProxy.Health.DestinationHealthUpdater"] = "Information",
    };

    private readonly IConfiguration _configuration;
    private readonly string _baseDirectory;
    private readonly IDisposable _subscription;

    public LogConfigurationProvider(IConfiguration configuration, string baseDirectory)
    {
        _configuration = configuration;
        _baseDirectory = baseDirectory;
        _subscription = ChangeToken.OnChange(configuration.GetReloadToken, () =>
        {
            Load();
            OnReload();
        });
    }

    public override void Load()
    {
        var data = new Dictionary<string, string?>(Levels, StringComparer.OrdinalIgnoreCase)
        {
            [$"{Queue}:Name"] = "Async",
            [$"{Queue}:Args:bufferSize"] = QueueLength.ToString(CultureInfo.InvariantCulture),
            [$"{Queue}:Args:blockWhenFull"] = "false",
        };
        var section = _configuration.GetSection(Section);
        foreach (var (key, value) in section.AsEnumerable().Where(pair => pair.Value is not null))
        {
            data[ToQueued(key)] = IsLevel(key) && string.Equals(value, nameof(Off), StringComparison.OrdinalIgnoreCase) ? Off : ToAbsolute(key, value!);
        }

        if (!section.GetSection("WriteTo").GetChildren().Any())
        {
            data[$"{Queue}:Args:configure:0:Name"] = "Console";
            data[$"{Queue}:Args:configure:0:Args:outputTemplate"] = Template;
        }

        Data = data;
    }

    public void Dispose() => _subscription.Dispose();

    private static string ToQueued(string key) =>
        key.StartsWith($"{Sinks}:", StringComparison.OrdinalIgnoreCase) ? $"{Queue}:Args:configure{key[Sinks.Length..]}" : key;

    private static bool IsLevel(string key) => key.StartsWith($"{Section}:MinimumLevel", StringComparison.OrdinalIgnoreCase);

    private string ToAbsolute(string key, string value) => key.EndsWith(":Args:path", StringComparison.OrdinalIgnoreCase) ? Path.Combine(_baseDirectory, value) : value;
}
