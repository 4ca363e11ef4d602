using System.Collections.Generic;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Embedding;

/// <summary>Somebody's application as <c>dotnet new web</c> makes it, on a free port.</summary>
internal static class AppBuilder
{
    public static WebApplicationBuilder Create(string json = "{}", CapturedLog? log = null)
    {
        var builder = WebApplication.CreateBuilder();

        // No file and no variable of the machine's.
        builder.Configuration.Sources.Clear();
        ((IConfigurationBuilder)builder.Configuration).Add(new EditableConfigurationSource(json));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["urls"] = "http://127.0.0.1:0" });
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        return builder;
    }
}
