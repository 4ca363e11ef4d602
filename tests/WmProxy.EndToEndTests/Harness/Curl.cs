using System.Threading.Tasks;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>curl, without what a user's own <c>.curlrc</c> or proxy variables would add.</summary>
internal static class Curl
{
    public static Task<ToolResult> RunAsync(params string[] arguments) =>
        ExternalTool.Require("curl", "curl").RunAsync(["-q", "-sS", "--noproxy", "*", "--max-time", "25", .. arguments]);
}
