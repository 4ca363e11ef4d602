using System;
using Microsoft.Extensions.Configuration;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using WmProxy.Server.Logging;

namespace WmProxy.Tests.Server.Logging;

public sealed class LogLevelsTests
{
    [Fact]
    public void Apply_DefaultAndOverrides_AreUsedAndFollowReloads()
    {
        var configuration = Configure(("Default", "Information"), ("Override:Noisy.Category", "Warning"), ("Override:Silent", "6"));
        using var logger = new LogLevels(configuration).Apply(new LoggerConfiguration()).CreateLogger();
        var noisy = logger.ForContext(Constants.SourceContextPropertyName, "Noisy.Category.Type");
        var silent = logger.ForContext(Constants.SourceContextPropertyName, "Silent");

        Assert.True(logger.IsEnabled(LogEventLevel.Information));
        Assert.False(logger.IsEnabled(LogEventLevel.Debug));
        Assert.False(noisy.IsEnabled(LogEventLevel.Information));
        Assert.False(silent.IsEnabled(LogEventLevel.Fatal));

        configuration["Serilog:MinimumLevel:Default"] = "Debug";
        configuration["Serilog:MinimumLevel:Override:Noisy.Category"] = "Verbose";
        configuration.Reload();

        Assert.True(logger.IsEnabled(LogEventLevel.Debug));
        Assert.True(noisy.IsEnabled(LogEventLevel.Verbose));
    }

    [Fact]
    public void Apply_ShortForm_IsTheDefault()
    {
        using var logger = new LogLevels(Configure(("Default", "Information"), ("", "Error"))).Apply(new LoggerConfiguration()).CreateLogger();

        Assert.False(logger.IsEnabled(LogEventLevel.Warning));
    }

    [Fact]
    public void Constructor_UnknownLevel_NamesTheRightOnes()
    {
        var exception = Assert.Throws<FormatException>(() => new LogLevels(Configure(("Default", "Loud"))));

        Assert.Contains("'Loud'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Information", exception.Message, StringComparison.Ordinal);
    }

    private static IConfigurationRoot Configure(params (string Key, string Value)[] levels)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        foreach (var (key, value) in levels)
        {
            configuration[$"Serilog:MinimumLevel{(key.Length == 0 ? "" : ":")}{key}"] = value;
        }

        return configuration;
    }
}
