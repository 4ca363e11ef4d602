using System;
using System.Collections.Generic;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace WmProxy.Server.Configuration;

/// <summary>The sources of the program's configuration, the later winning: urls of the environment, the file, environment variables, the command line.</summary>
internal static class ConfigurationLayers
{
    private const string OwnPrefix = "WMPROXY_";

    public static void Add(IConfigurationBuilder builder, IConfigurationSource file, ServerOptions options)
    {
        if (options.UseEnvironment)
        {
            // As in every ASP.NET Core app. Its neighbour ASPNETCORE_HTTP_PORTS is left out: container images set it, and no endpoint is opened unasked.
            var urls = Environment.GetEnvironmentVariable("ASPNETCORE_URLS");
            if (!string.IsNullOrEmpty(urls))
            {
                builder.AddInMemoryCollection([new("urls", urls)]);
            }
        }

        builder.Add(file);
        if (options.UseEnvironment)
        {
            builder.AddEnvironmentVariables().AddEnvironmentVariables(OwnPrefix);
        }

        builder.AddInMemoryCollection(options.Overrides);
    }

    /// <summary>The whole configuration as it would be with <paramref name="values"/> as the file's.</summary>
    public static IConfigurationRoot Compose(IDictionary<string, string?> values, ServerOptions options)
    {
        var builder = new ConfigurationBuilder();
        Add(builder, new MemoryConfigurationSource { InitialData = values }, options);
        return builder.Build();
    }
}
