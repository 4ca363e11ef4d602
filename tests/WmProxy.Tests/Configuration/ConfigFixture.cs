using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using WmProxy.Configuration.Reading;
using WmProxy.Configuration.Validation;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Configuration;

/// <summary>Configurations from JSON text, with a folder of their own for the files they name.</summary>
internal sealed class ConfigFixture : IDisposable
{
    private static readonly ParameterPolicyFactory RouteConstraints =
        new ServiceCollection().AddLogging().AddRouting().BuildServiceProvider().GetRequiredService<ParameterPolicyFactory>();

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("wmproxy-config-").FullName;

    public static IConfigurationRoot Parse(string json)
    {
        return new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
    }

    public static IConfigurationRoot ParseStream(string keys) => Parse($$"""{ "WmProxy": { "Streams": { "pg": { {{keys}} } } } }""");

    public static (WmProxyConfig Config, IReadOnlyList<ConfigError> Errors) Read(string json) => WmProxyConfigReader.Read(Parse(json), "/nowhere");

    public static WmProxyConfig ReadValid(string json)
    {
        var (config, errors) = Read(json);
        Assert.Empty(errors);
        return config;
    }

    public string Write(string name, string content)
    {
        File.WriteAllText(Path.Combine(Directory, name), content);
        return name;
    }

    /// <summary>Reads and validates, as the program does.</summary>
    public List<ConfigError> Check(string json, Func<ConfigValidationContext, ConfigValidationContext>? change = null)
    {
        var root = Parse(json);
        var (config, readErrors) = WmProxyConfigReader.Read(root, Directory);
        var context = new ConfigValidationContext
        {
            BaseDirectory = Directory,
            IsStandalone = true,
            Source = root,
            RouteConstraints = RouteConstraints,
            KestrelEndpoints = KestrelEndpointReader.Read(root),
            Clusters = [Cluster("pg", "tcp://10.0.0.5:5432"), Cluster("web", "http://10.0.0.5:80"), Cluster("dns", "udp://10.0.0.5:53")],
        };
        var errors = readErrors.ToList();
        WmProxyConfigValidator.Validate(config, change is null ? context : change(context), errors);
        return errors;
    }

    public List<ConfigError> CheckStreams(string streams) => Check($$"""{ "WmProxy": { "Streams": { {{streams}} } } }""");

    public static ClusterConfig Cluster(string id, params string[] addresses) => new()
    {
        ClusterId = id,
        Destinations = addresses.Select((address, i) => KeyValuePair.Create($"d{i + 1}", new DestinationConfig { Address = address })).ToDictionary(),
    };

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
