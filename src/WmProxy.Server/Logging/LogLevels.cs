using System;
using System.Collections.Generic;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;
using Serilog;
using Serilog.Core;
using Serilog.Debugging;
using Serilog.Events;

namespace WmProxy.Server.Logging;

/// <summary>
/// <c>Serilog:MinimumLevel</c>, read and followed without Serilog's configuration reader, which finds sinks by reflection: that costs a tenth of the time
/// to the first answer, and most configurations name no sink.
/// </summary>
internal sealed class LogLevels
{
    private readonly IConfigurationSection _section;
    private readonly LoggingLevelSwitch _default = new();
    private readonly Dictionary<string, LoggingLevelSwitch> _overrides = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">A level does not exist.</exception>
    public LogLevels(IConfiguration configuration)
    {
        _section = configuration.GetSection("Serilog:MinimumLevel");
        foreach (var each in _section.GetSection("Override").GetChildren())
        {
            _overrides[each.Path[(each.Path.IndexOf("Override:", StringComparison.OrdinalIgnoreCase) + "Override:".Length)..]] = new LoggingLevelSwitch();
        }

        Read();
        ChangeToken.OnChange(configuration.GetReloadToken, Follow);
    }

    public LoggerConfiguration Apply(LoggerConfiguration logger)
    {
        logger.MinimumLevel.ControlledBy(_default);
        foreach (var (category, level) in _overrides)
        {
            logger.MinimumLevel.Override(category, level);
        }

        return logger;
    }

    private void Follow()
    {
        try
        {
            Read();
        }
        catch (FormatException exception)
        {
            // Levels up to the wrong one are in use, the others as before: a log has nothing better to do than to go on.
            SelfLog.WriteLine("Serilog:MinimumLevel: {0}", exception.Message);
        }
    }

    private void Read()
    {
        _default.MinimumLevel = Parse(_section.Value ?? _section["Default"]);
        foreach (var (category, level) in _overrides)
        {
            level.MinimumLevel = Parse(_section[$"Override:{category}"]);
        }
    }

    // One that a reload took away is as everything else.
    private LogEventLevel Parse(string? text) =>
        text is null ? _default.MinimumLevel
        : Enum.TryParse<LogEventLevel>(text, ignoreCase: true, out var level) ? level
        : throw new FormatException($"'{text}' is no level; there are {string.Join(", ", Enum.GetNames<LogEventLevel>())} and Off");
}
