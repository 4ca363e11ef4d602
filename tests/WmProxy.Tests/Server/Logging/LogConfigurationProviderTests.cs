using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;
using WmProxy.Server.Logging;

namespace WmProxy.Tests.Server.Logging;

public sealed class LogConfigurationProviderTests
{
    private const string Configure = "Serilog:WriteTo:0:Args:configure";

    [Fact]
    public void Load_NoSection_IsAConsoleBehindAQueueThatNeverBlocks()
    {
        var log = Transform();

        Assert.Equal("Async", log["Serilog:WriteTo:0:Name"]);
        Assert.Equal("false", log["Serilog:WriteTo:0:Args:blockWhenFull"]);
        Assert.Equal("Console", log[$"{Configure}:0:Name"]);
        Assert.Equal("Information", log["Serilog:MinimumLevel:Default"]);
        Assert.Equal("6", log["Serilog:MinimumLevel:Override:Microsoft.AspNetCore.Hosting.Diagnostics"]);
    }

    [Fact]
    public void Load_SinksOfTheUser_AreAllBehindTheQueue()
    {
        var log = Transform(
            ("Serilog:WriteTo:0", "Console"),
            ("Serilog:WriteTo:1:Name", "File"),
            ("Serilog:WriteTo:1:Args:path", "logs/a.log"),
            ("Serilog:WriteTo:1:Args:rollingInterval", "Day"));

        Assert.Single(log.GetSection("Serilog:WriteTo").GetChildren());
        Assert.Equal("Console", log[$"{Configure}:0"]);
        Assert.Equal("File", log[$"{Configure}:1:Name"]);
        Assert.Equal("/base/logs/a.log", log[$"{Configure}:1:Args:path"]);
        Assert.Equal("Day", log[$"{Configure}:1:Args:rollingInterval"]);
    }

    [Fact]
    public void Load_AbsolutePath_Stays() =>
        Assert.Equal("/var/log/a.log", Transform(("Serilog:WriteTo:0:Name", "File"), ("Serilog:WriteTo:0:Args:path", "/var/log/a.log"))[$"{Configure}:0:Args:path"]);

    [Fact]
    public void Load_LevelsOfTheUser_Win()
    {
        var log = Transform(("Serilog:MinimumLevel:Override:Yarp", "Debug"), ("Serilog:MinimumLevel:Override:Loud", "off"));

        Assert.Equal("Debug", log["Serilog:MinimumLevel:Override:Yarp"]);
        Assert.Equal("6", log["Serilog:MinimumLevel:Override:Loud"]);
        Assert.Equal("Warning", log["Serilog:MinimumLevel:Override:Microsoft"]);
    }

    [Fact]
    public void Reload_OfTheUsersConfiguration_IsFollowed()
    {
        var user = new ConfigurationBuilder().AddInMemoryCollection().Build();
        var log = Transform(user);
        var fired = 0;
        using var subscription = ChangeToken.OnChange(log.GetReloadToken, () => fired++);

        user["Serilog:MinimumLevel:Default"] = "Debug";
        user.Reload();

        Assert.Equal(1, fired);
        Assert.Equal("Debug", log["Serilog:MinimumLevel:Default"]);
    }

    private static IConfigurationRoot Transform(params (string Key, string Value)[] values) =>
        Transform(new ConfigurationBuilder().AddInMemoryCollection(values.Select(pair => new KeyValuePair<string, string?>(pair.Key, pair.Value))).Build());

    private static IConfigurationRoot Transform(IConfiguration user) =>
        new ConfigurationBuilder().Add(new LogConfigurationSource { Configuration = user, BaseDirectory = "/base" }).Build();
}
