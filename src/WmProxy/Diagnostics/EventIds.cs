namespace WmProxy.Diagnostics;

/// <summary>The ids of all log events, in blocks of 100 for each folder. Never reused; a test checks that they are unique.</summary>
internal static class EventIds
{
    // 100: Management and Configuration
    // 200: Listeners
    // 300: Connections (300-339 PROXY protocol, 340-369 TLS, 370-399 the rest)
    // 400: Clusters and Connectors
    // 500: Relay
    // 600: Streams
    // 700: StaticFiles and StaticResponses
    // 900: the program (900-919 configuration file, 920-939 lifetime)
    public const int ConfigFileApplied = 900;
    public const int ConfigFileRejected = 901;
    public const int ConfigFileUnchanged = 902;
    public const int ConfigFileNotWatched = 903;
    public const int ConfigFileApplyFailed = 904;
    public const int ConfigFileRecovered = 905;
    public const int ReloadRequested = 920;
    public const int ReloadSucceeded = 921;
    public const int ReloadFailed = 922;
    public const int Stopping = 923;
    public const int Stopped = 924;
    public const int Started = 925;
    public const int Listening = 926;
    public const int HowToReload = 927;
    public const int FewDescriptors = 928;
    public const int NotListening = 929;
}
